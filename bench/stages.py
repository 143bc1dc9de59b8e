"""Each stage of the run by itself, one after the other: where the time goes when nothing overlaps."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from nets import Nets

from bodyverb.core import PoseSequence, Recording
from bodyverb.formats import journal as journals
from bodyverb.media import Frame, VideoWriter, open_source, scaled_size
from bodyverb.outputs.overlay import OverlayDrawer
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.first_pass import new_tracker, step
from bodyverb.pipeline.options import RunOptions
from bodyverb.pipeline.tracks import people, pieces

FRAMES = 300


def measure_stages(clip: Path, nets: Nets, threads: int | None, repeats: int) -> dict[str, Any]:
    """Milliseconds a frame of every stage, medians over `repeats` passes of at most `FRAMES` frames."""
    passes = [_once(clip, nets, threads) for _ in range(repeats)]
    rows = {name: statistics.median(each[name] for each in passes) for name in passes[0]}
    return {"threads": threads, "repeats": repeats, "ms_a_frame": rows}


def _once(clip: Path, nets: Nets, threads: int | None) -> dict[str, float]:
    engine = Engine.load(
        RunOptions(pose=nets.pose, detector=nets.detector, verbs=nets.verbs, threads=threads)
    )
    rows = {"decode alone": decode_ms(clip, None), "decode to RGB": decode_ms(clip, "rgb24")}
    with open_source(clip) as media:
        info, kept = media.info, list(itertools.islice(media, 60))
    with tempfile.TemporaryDirectory() as folder:
        stages, recording, windows_ms = _chain(clip, engine, Path(folder) / "journal", FRAMES)
    rows |= stages | {"verbs": windows_ms} | _draw(kept, recording, Path(clip), info.rate_hz or 30.0)
    return rows


def decode_ms(clip: Path, form: str | None, most: int | None = FRAMES) -> float:
    """Decoding at most so many frames with PyAV's threads, nothing beside it; ms a frame."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        count, begin = 0, time.perf_counter()
        for frame in itertools.islice(container.decode(stream), most):
            if form:
                frame.to_ndarray(format=form)
            count += 1
        return 1000 * (time.perf_counter() - begin) / max(1, count)


def _chain(clip: Path, engine: Engine, path: Path, most: int) -> tuple[dict[str, float], Recording, float]:
    """Find, pose, track and journal frame by frame on decoded frames, then smoothing and verbs."""
    spent = dict.fromkeys(("find", "pose", "track", "journal", "smooth"), 0.0)

    def timed(stage: str, call: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        result = call(*arguments)
        spent[stage] += time.perf_counter() - begin
        return result

    count, finds = 0, 0
    with open_source(clip) as media, journals.Journal.create(path, {}) as journal:
        info, tracker = media.info, new_tracker(engine, RunOptions(), media.info)
        for frame in itertools.islice(media, most):
            finding = engine.seconds.get("find", 0.0)
            rows = timed("track", step, frame, tracker, engine)
            finds += engine.seconds.get("find", 0.0) > finding
            timed("journal", journal.frame, frame.index, frame.time_s, rows)
            count += 1
    for stage in ("find", "pose"):  # the engine's own clock; the rest of a step is the tracker's
        spent[stage] = engine.seconds.get(stage, 0.0)
        spent["track"] -= spent[stage]
    reader = journals.read(path)
    cut = [(track_id, name, info, engine.skeleton, "butterworth") for track_id, name in people(reader)]
    parts = [timed("smooth", lambda who: list(pieces(reader, *who)), who) for who in cut]
    tracks = [_joined([smoothed for _, smoothed in part]) for part in parts]
    begin = time.perf_counter()
    if engine.recognizer is not None:
        for track in tracks:
            engine.recognizer(track)
    verbs_ms = 1000 * (time.perf_counter() - begin) / max(1, count)
    recording = Recording(
        timestamps_s=reader.timestamps_s,
        image_size=info.image_size,
        source=str(clip),
        tracks=tuple(tracks),
        segments=(),
        meta={},
    )
    rows = {stage: 1000 * seconds / max(1, count) for stage, seconds in spent.items()}
    return rows | {"frames between two finds": count / max(1, finds)}, recording, verbs_ms


def _draw(frames: list[Frame], recording: Recording, clip: Path, rate_hz: float) -> dict[str, float]:
    """Shrinking, drawing and encoding the overlay; ms a frame."""
    size = scaled_size(recording.image_size or (1920, 1080), 1280)
    drawer, pictures = OverlayDrawer(recording), []
    begin = time.perf_counter()
    for frame in frames:
        pictures.append(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))
    shrink = time.perf_counter() - begin
    begin = time.perf_counter()
    for frame, picture in zip(frames, pictures, strict=True):
        drawer.draw(picture, frame.time_s)
    draw = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        with VideoWriter(Path(folder) / clip.name, size, rate_hz) as writer:
            for frame, picture in zip(frames, pictures, strict=True):
                writer.write(np.ascontiguousarray(picture), frame.time_s)
        encode = time.perf_counter() - begin
    each = 1000 / max(1, len(frames))
    return {"overlay: shrink": shrink * each, "overlay: draw": draw * each, "overlay: encode": encode * each}


def _joined(parts: list[PoseSequence]) -> PoseSequence:
    """The pieces of one person's track as one."""
    names = ("position", "score", "state", "box")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names}
    return parts[0].replace(**arrays, timestamps_s=np.concatenate([part.timestamps_s for part in parts]))
