"""The clips that are measured: a real one at 1080p, looped to any length by copying packets."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from bodyverb.media import VideoWriter, open_source

HERE = Path(__file__).parent
CLIPS = HERE / "clips"
SIZE = (1920, 1080)
RATE_HZ = 30
BLOCK_S = 4


def data_root() -> Path | None:
    """The folder of real data that $BODYVERB_DATA names, or None."""
    named = os.environ.get("BODYVERB_DATA")
    return Path(named) if named and Path(named).is_dir() else None


def needed_root() -> Path:
    """The folder of real data; the program ends with one line where there is none."""
    root = data_root()
    if root is None:
        raise SystemExit("Expected $BODYVERB_DATA to name the data, got nothing; set it")
    return root


def golden_videos() -> Path | None:
    """The folder of the two videos with golden joints, or None."""
    root = data_root()
    folder = root / "videos" / "tfjs_pose_squats" if root else None
    return folder if folder is not None and folder.is_dir() else None


def bench_clip(seconds: int = 60) -> tuple[Path, str]:
    """A clip of 1920 x 1080 at 30 frames/s, made once and kept under bench/clips.

    Returns:
        Its path, and in words what it is: `pose_1.mp4`, or a procedural clip where that is absent.
    """
    folder = golden_videos()
    name = "pose_1" if folder else "procedural"
    words = (
        "pose_1.mp4 scaled and padded to 1920 x 1080, 30 frames/s"
        if folder
        else "procedural demo clip at 1920 x 1080, 30 frames/s (the real clip is absent)"
    )
    block = CLIPS / f"{name}-1080p-{BLOCK_S}s.mp4"
    if not block.is_file():
        CLIPS.mkdir(parents=True, exist_ok=True)
        (_pad(folder / "pose_1.mp4", block) if folder else _procedural(block))
    path = CLIPS / f"{name}-1080p-{seconds}s.mp4"
    if not path.is_file():
        loop(block, path, max(1, round(seconds / BLOCK_S)))
    return path, f"{words}, looped to {seconds} s"


def _pad(source: Path, path: Path) -> None:
    """Scale to the full height and put it in the middle of a black 1080p picture."""
    with open_source(source, end_s=BLOCK_S) as media, VideoWriter(path, SIZE, RATE_HZ) as writer:
        for frame in media:
            inner, (x, y) = placed((frame.image.shape[1], frame.image.shape[0]))
            canvas = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            canvas[y : y + inner[1], x : x + inner[0]] = cv2.resize(frame.image, inner)
            writer.write(canvas, frame.index / RATE_HZ)


def placed(size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Size (w, h) and upper left corner of a picture of `size` px in the 1080p picture."""
    scale = min(SIZE[0] / size[0], SIZE[1] / size[1])
    inner = (round(size[0] * scale), round(size[1] * scale))
    return inner, ((SIZE[0] - inner[0]) // 2, (SIZE[1] - inner[1]) // 2)


def on_clip(points: np.ndarray, size: tuple[int, int], frames: int) -> np.ndarray:
    """Points of the source's frames, moved to where they are in the looped 1080p clip.

    Args:
        points: (t, ..., 2) px of pictures of `size`; t are the frames of a block.
        size: (w, h) px.
        frames: of the looped clip.

    Returns:
        (frames, ..., 2) px, (0, 0) in the middle of the first pixel as before.
    """
    inner, corner = placed(size)
    moved = (points + 0.5) * np.divide(inner, size) - 0.5 + corner
    return moved[np.arange(frames) % len(points)]


def _procedural(path: Path) -> None:
    from bodyverb.datasets.synth.demo import render_demo

    with VideoWriter(path, SIZE, RATE_HZ) as writer:

        def write(image: np.ndarray, time_s: float) -> None:
            writer.write(cv2.resize(image, SIZE), time_s)

        render_demo(write, size=(854, 480), rate_hz=RATE_HZ, duration_s=float(BLOCK_S))


def loop(block: Path, path: Path, times: int) -> None:
    """Write `block` several times in a row without encoding it again."""
    part = path.with_suffix(".part")
    with av.open(str(block)) as source, av.open(str(part), "w", format="mp4") as target:
        stream = source.streams.video[0]
        output = target.add_stream_from_template(stream)
        packets = [p for p in source.demux(stream) if p.dts is not None]
        data = [(bytes(p), p.pts, p.dts, p.duration, p.is_keyframe) for p in packets]
        base = stream.time_base or Fraction(1, 90000)
        step = round(Fraction(len(data), RATE_HZ) / base)
        for turn in range(times):
            for content, pts, dts, duration, key in data:
                packet = av.Packet(content)
                packet.stream, packet.time_base = output, base
                packet.pts, packet.dts, packet.duration = pts + turn * step, dts + turn * step, duration
                packet.is_keyframe = key
                target.mux(packet)
    part.replace(path)
