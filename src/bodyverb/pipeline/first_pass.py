"""Pass 1, causal: decode, find, pose, track; every frame goes to the journal, so a crash loses seconds at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodyverb.core import InputError
from bodyverb.estimate.tracker import Tracker, TrackerConfig
from bodyverb.formats import journal as journals
from bodyverb.media import Frame, MediaInfo, VideoWriter, open_source
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.options import RunOptions

CHECKPOINT_S = 5.0
CAPTURE = "capture.mp4"

Live = Callable[[Frame, list[dict]], None]


def run_first_pass(
    source: str,
    folder: Path,
    options: RunOptions,
    engine: Engine,
    advance: Callable[[int, MediaInfo], None],
    live: Live | None = None,
) -> tuple[MediaInfo, list[str]]:
    """Estimate and track a whole source into `folder`/journal.

    Args:
        source: what `media.open_source` takes.
        folder: `<stem>.partial`; a camera's pictures are kept there too, for the overlay.
        options: of the run.
        engine: the networks.
        advance: called with the number of frames done, after each.
        live: called with each frame and its people (for cameras).

    Returns:
        What the source is, and its warnings.

    Raises:
        InputError: the source cannot be read, or an unfinished run was made with other settings.
        OutputError: the journal cannot be written.
        KeyboardInterrupt: stopped by the user; the journal holds everything so far.
    """
    path = folder / "journal"
    meta = {"source": source, "options": options.first_pass(), "skeleton": engine.skeleton.to_dict()}
    meta |= {"models": engine.models(), "signature": signature(source)}
    resumed = options.resume and path.exists()
    if resumed:
        reader = journals.read(path)
        _same_run(reader.meta, meta, path)
        if reader.complete:
            with open_source(source, start_s=options.start, end_s=options.end, every=options.every) as media:
                return media.info, list(reader.meta.get("warnings", []))
        last_s = float(reader.timestamps_s[np.searchsorted(reader.frame_index, reader.checkpoint_frame)]) if reader.state else None
    start = last_s if resumed and last_s is not None else options.start
    with open_source(source, start_s=start, end_s=options.end, every=options.every) as media:
        tracker = _tracker(engine, options, media.info)
        if resumed:
            journal, state, last = journals.resume(path)
            if state is not None:
                tracker = Tracker.from_state(engine.skeleton, state["tracker"])
        else:
            journal, last = journals.Journal.create(path, meta, overwrite=True), -1
        offset = last if last >= 0 else 0  # a resumed source starts again with the last frame known
        with journal, _capture(media.info, folder) as capture:
            checked = time.monotonic()
            try:
                for frame in media:
                    index = frame.index + offset
                    if index <= last:
                        continue
                    rows = step(frame, tracker, engine)
                    journal.frame(index, frame.time_s, rows)
                    if capture is not None:
                        capture.write(frame.image, frame.time_s)
                    if live is not None:
                        live(frame, rows)
                    advance(index + 1, media.info)
                    if time.monotonic() - checked > CHECKPOINT_S:
                        journal.checkpoint({"tracker": tracker.state()})
                        checked = time.monotonic()
            except KeyboardInterrupt:
                if not media.info.live:
                    if journal.last_index >= 0:
                        journal.checkpoint({"tracker": tracker.state()})
                    raise
        return media.info, media.warnings


def step(frame: Frame, tracker: Tracker, engine: Engine) -> list[dict]:
    """One frame through finder, pose network and tracker: a row (track_id, box, position, score) a person."""
    found = engine.find(frame.image) if tracker.needs_detection(frame.time_s) else None
    boxes, keys = tracker.propose(frame.time_s, found)
    position, score = engine.pose(frame.image, boxes)
    seen = tracker.update(frame.time_s, boxes, keys, position, score)
    return [
        {"track_id": o.track_id, "box": boxes[o.index], "position": position[o.index], "score": score[o.index]}
        for o in seen
    ]


def signature(source: str) -> dict[str, object] | None:
    """Size and time of the file, so that a resumed run is on the same one; None for what is no file."""
    path = Path(source)
    if not path.is_file():
        return None
    stat = path.stat()
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _tracker(engine: Engine, options: RunOptions, info: MediaInfo) -> Tracker:
    config = TrackerConfig(max_people=options.max_people, image_size=info.image_size)
    if info.kind == "image":  # there is no second frame to confirm anybody
        config = replace(config, sure_score=config.new_score, max_new_boxes=100)
    return Tracker(engine.skeleton, config)


def _capture(info: MediaInfo, folder: Path) -> AbstractContextManager[VideoWriter | None]:
    """A camera cannot be decoded twice: keep its pictures for the overlay."""
    if not info.live:
        return nullcontext(None)
    return VideoWriter(folder / CAPTURE, info.image_size, info.rate_hz)


def _same_run(before: dict, now: dict, path: Path) -> None:
    for key in ("source", "signature", "options"):
        if before.get(key) != now[key] and not (key == "source" and before.get("signature") == now["signature"]):
            raise InputError(
                f"Expected the same {key} as in the unfinished run ({before.get(key)}), got {now[key]}; "
                f"run with the same settings, or without --resume to start over: {path}"
            )
