"""bodyverb beside MediaPipe and rtmlib: one run, in turns, the same clip, decoding included on every side.

python bench/peers.py            60 s of pose_1.mp4 at 1080p, everybody three times; many minutes
python bench/peers.py --quick    8 s, once; prints, writes nothing

Every frame goes through everybody's network. The joints of the very runs that are timed are compared with the
golden joints, and once more on pose_squats.mp4. The peers get environments of their own under bench/venv,
made at the first run with pip.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import contest
import numpy as np
from clips import bench_clip, golden_videos, on_clip
from contest import Contestant, Turn
from environments import REQUIREMENTS
from joints import compare, golden, torso
from nets import Nets
from results import keep

SIZE = (576, 576)
ERRORS = ("median_share", "mean_share")
PAIRS = (
    ("bodyverb", "MediaPipe"),
    ("bodyverb, same networks", "rtmlib, detector on every 10th frame"),
    ("bodyverb, same networks", "rtmlib, detector on every frame"),
)


def measure_peers(
    clip: Path, squats: Path, everybody: Sequence[Contestant], turns: int
) -> list[dict[str, Any]]:
    """A row a contestant; they take turns, so that a slow minute of the machine hits all alike."""
    runs: dict[str, list[Turn]] = {one.name: [] for one in everybody}
    for number in range(turns):
        for one in everybody:
            print(f"turn {number + 1}: {one.name} ...", file=sys.stderr)
            runs[one.name].append(_turn(one, clip))
    frames = {turn.frames for taken in runs.values() for turn in taken}
    if len(frames) != 1:
        raise SystemExit(
            f"Expected the same frames for all, got {sorted(frames)}; nothing to compare: {clip}"
        )
    folder = squats.parent
    truth = {
        "pose_1.mp4": on_clip(golden(folder / "pose_1.json"), SIZE, frames.pop()),
        "pose_squats.mp4": golden(folder / "pose_squats.full.json"),
    }
    rows = []
    for one in everybody:
        rows.append(_row(one, runs[one.name]))
        if runs[one.name][0].joints:
            found = {"pose_1.mp4": runs[one.name][0].joints, "pose_squats.mp4": _turn(one, squats).joints}
            rows[-1]["joints"] = {
                video: {which: compare(joints, truth[video]) for which, joints in found[video].items()}
                for video in truth
            }
            rows[-1]["torso_px"] = {video: float(np.median(torso(truth[video]))) for video in truth}
    return rows


def _turn(one: Contestant, clip: Path) -> Turn:
    with tempfile.TemporaryDirectory() as folder:
        return one.turn(clip, Path(folder))


def _row(one: Contestant, turns: Sequence[Turn]) -> dict[str, Any]:
    return {
        "name": one.name,
        "words": one.words,
        "frames": turns[0].frames,
        "fps_of_turns": [turn.frames / turn.wall_s for turn in turns],
        "fps": statistics.median(turn.frames / turn.wall_s for turn in turns),
        "fps_without_start": statistics.median(turn.frames / turn.loop_s for turn in turns),
        "cpu_ms": 1000 * statistics.median(turn.cpu_s / turn.frames for turn in turns),
        "peak_mib": statistics.median(turn.peak_bytes for turn in turns) / 2**20,
    }


def ratios(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Frames a second of one over those of the other; it counts where the joints are no farther off.

    Both median and mean: either can hide what the other shows.
    """
    named = {row["name"]: row for row in rows}
    made = []
    for one, other in PAIRS:
        if one in named and other in named:
            ours, theirs = named[one], named[other]
            each = [a / b for a, b in zip(ours["fps_of_turns"], theirs["fps_of_turns"], strict=True)]
            errors = [next(iter(row["joints"]["pose_1.mp4"].values())) for row in (ours, theirs)]
            made.append(
                {
                    "of": one,
                    "over": other,
                    "ratio": ours["fps"] / theirs["fps"],
                    "lowest": min(each),
                    "highest": max(each),
                    "counts": all(errors[0][what] <= errors[1][what] for what in ERRORS),
                }
            )
    return made


def main() -> None:
    """Measure, print the table and put it into docs/bench.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="8 s of video, one turn; writes nothing")
    parser.add_argument("--turns", type=int, default=3, help="fresh processes of each")
    parser.add_argument("--seconds", type=int, default=60, help="length of the clip, a multiple of 4")
    parser.add_argument("--without", nargs="+", choices=REQUIREMENTS, default=[], help="leave a peer out")
    parser.add_argument("--python", default=sys.executable, help="Python 3.9 to 3.12 for the peers")
    parser.add_argument("--pose", default=Nets.pose)
    parser.add_argument("--detector", default=Nets.detector)
    parser.add_argument("--verbs", default=Nets.verbs)
    given = parser.parse_args()
    folder = golden_videos()
    if folder is None:
        raise SystemExit("Expected the videos with golden joints, got none; set BODYVERB_DATA")
    nets = Nets(given.pose, given.detector, given.verbs)
    clip, words = bench_clip(8 if given.quick else given.seconds)
    with tempfile.TemporaryDirectory() as cards:
        everybody = [contest.decoder(), contest.bodyverb("bodyverb", nets, f"networks {nets.words()}")]
        if "mediapipe" not in given.without:
            everybody.append(contest.mediapipe(given.python))
        if "rtmlib" not in given.without:
            shared, files = contest.shared_networks(Path(cards))
            same = "the ONNX files that rtmlib gets"
            everybody.append(contest.bodyverb("bodyverb, same networks", shared, same))
            everybody += [contest.rtmlib(every, files, given.python) for every in (10, 1)]
        turns = 1 if given.quick else given.turns
        rows = measure_peers(clip, folder / "pose_squats.mp4", everybody, turns)
    content = {"clip": words, "turns": turns, "rows": rows, "ratios": ratios(rows)}
    print(keep("peers", content, write=not given.quick))


if __name__ == "__main__":
    main()
