"""Who takes part in the comparison, how each is started, and how its joints are read."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from clips import data_root
from environments import interpreter
from joints import BLAZE, COMMON, aligned
from nets import Nets
from watch import watched

from bodyverb.formats import poses_h5

PROGRAMS = Path(__file__).parent / "programs"

_RUN = "import sys; from bodyverb.cli.main import main; sys.exit(main(sys.argv[1:]))"
# Of the 17 joints of COCO, 5 to 16 are shoulders to ankles, left before right: the order of `COMMON`.
_COCO = dict(zip(COMMON, range(5, 17), strict=True))


@dataclass(frozen=True)
class Turn:
    """One run of one contestant.

    Attributes:
        frames: that went through it.
        wall_s: of the whole process.
        loop_s: without start-up and loading.
        cpu_s: time on all cores, of the whole process.
        peak_bytes: of memory, of the process and its children.
        joints: name -> (frame, 12, 2) px in the order of `COMMON`; the first is what a user gets.
    """

    frames: int
    wall_s: float
    loop_s: float
    cpu_s: float
    peak_bytes: int
    joints: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """A tool as it is run.

    Attributes:
        name: in the table.
        words: what exactly is run.
        turn: runs it over a clip; the folder is for what it writes.
    """

    name: str
    words: str
    turn: Callable[[Path, Path], Turn]


def decoder() -> Contestant:
    """Decoding alone."""
    return Contestant(
        "decoding alone",
        "PyAV with its threads, every frame, nothing done with it",
        lambda clip, out: _program([sys.executable], "decode_only.py", clip, out, (), {}),
    )


def bodyverb(name: str, nets: Nets, words: str) -> Contestant:
    """`bodyverb run`, poses and verbs."""

    def turn(clip: Path, out: Path) -> Turn:
        typed = [
            "run",
            str(clip),
            *nets.arguments(),
            "--no-video",
            "--no-report",
            "--json",
            "--out",
            str(out),
        ]
        done = watched([sys.executable, "-c", _RUN, *typed])
        source = json.loads(done.said)["sources"][0]
        path = Path(source["paths"]["poses"])
        joints = {which: aligned(poses_h5.read(path, which)) for which in ("smoothed", "raw")}  # type: ignore
        loop_s = source["seconds"]["total"]
        return Turn(source["frames"], done.wall_s, loop_s, done.cpu_s, done.peak_bytes, joints)

    return Contestant(name, f"`bodyverb run --no-video --no-report`, {words}", turn)


def mediapipe(base: str) -> Contestant:
    """MediaPipe's older interface, the one in wide use."""
    python = interpreter("mediapipe", base)
    return Contestant(
        "MediaPipe",
        "MediaPipe 0.10.21, `solutions.pose` of complexity 1, following and smoothing on, OpenCV decodes",
        lambda clip, out: _program([str(python)], "mediapipe_solutions.py", clip, out, (), BLAZE),
    )


def rtmlib(every: int, networks: Sequence[Path], base: str) -> Contestant:
    """rtmlib on the ONNX files (detector, pose) that bodyverb gets too."""
    python = interpreter("rtmlib", base)
    how = "every frame" if every == 1 else f"every {every}th frame"
    return Contestant(
        f"rtmlib, detector on {how}",
        f"rtmlib 0.0.16, `PoseTracker(Custom(YOLOX, ViTPose), det_frequency={every})`, OpenCV decodes; "
        "it gives the pictures to the pose network as they come, BGR, though this one knows RGB",
        lambda clip, out: _program(
            [str(python)], "rtmlib_tracker.py", clip, out, (*map(str, networks), str(every)), _COCO
        ),
    )


def _program(
    python: Sequence[str],
    program: str,
    clip: Path,
    out: Path,
    arguments: Sequence[str],
    order: dict[str, int],
) -> Turn:
    """Run one of `programs/` and read what it left; `order`: joint -> its row there."""
    left = out / "left.npz"
    done = watched([*python, str(PROGRAMS / program), str(clip), str(left), *arguments])
    with np.load(left) as kept:
        joints = {"its own": kept["joints"][:, [order[name] for name in COMMON]]} if order else {}
        loop_s = float(kept["seconds"])
        return Turn(int(kept["frames"]), done.wall_s, loop_s, done.cpu_s, done.peak_bytes, joints)


def shared_networks(folder: Path) -> tuple[Nets, list[Path]]:
    """YOLOX-nano and a heatmap network of $BODYVERB_DATA/onnx, copied beside cards for bodyverb.

    Returns:
        What `bodyverb run` is told, and the two ONNX files.
    """
    root, made = data_root(), []
    for stem, card in CARDS.items():
        path = folder / stem / f"{stem}.onnx"
        path.parent.mkdir(parents=True)
        shutil.copyfile((root or Path()) / "onnx" / path.name, path)
        whole = {"name": stem, "file": path.name, "licence": "see where it came from", **card}
        path.with_name("card.json").write_text(json.dumps(whole), encoding="utf-8")
        made.append(path)
    return Nets(pose=str(made[1].parent), detector=str(made[0].parent)), made


CARDS: dict[str, dict[str, Any]] = {
    "yolox_nano": {
        "task": "detect",
        "input": {"size": [416, 416], "layout": "nchw", "channels": "bgr", "border": 114},
        "decoder": {"kind": "yolox", "threshold": 0.3, "overlap": 0.6},
    },
    "ultralight_simplepose_256x192": {
        "task": "pose",
        "skeleton": "coco17",
        "input": {
            "size": [192, 256],
            "layout": "nchw",
            "channels": "rgb",
            "padding": 1.25,
            "mean": [123.675, 116.28, 103.53],
            "std": [58.395, 57.12, 57.375],
        },
        "decoder": {"kind": "gaussian"},
    },
}
