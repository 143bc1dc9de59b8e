"""Pass 1, causal: decode, find, pose, track; every frame goes to the journal, so a crash loses only seconds.

Frames are numbered in the order given out. A checkpoint holds everything that the next frame depends on, and
a mark of the last picture: a resumed run goes on behind the last checkpoint and ends as if it had never
stopped.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError
from bodyverb.estimate.detector import centred_boxes
from bodyverb.estimate.signals import load_filters
from bodyverb.estimate.tracker import Tracker, TrackerConfig
from bodyverb.formats import journal as journals
from bodyverb.media import Frame, MediaInfo, Source, VideoWriter, open_source
from bodyverb.pipeline.ahead import FinderAhead
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.job import Job
from bodyverb.pipeline.live import LiveView
from bodyverb.pipeline.options import RunOptions

CHECKPOINT_S = 5.0
AHEAD = 3  # frames

Numbered = Iterator[tuple[int, Frame]]


@dataclass(frozen=True)
class FirstPass:
    """What a first pass leaves beside its journal: what the source is, and what was wrong with it."""

    info: MediaInfo
    warnings: list[str]


def run_first_pass(job: Job) -> FirstPass:
    """Estimate and track a whole source into the job's journal; with `resume` go on with the one there.

    Raises:
        InputError: the source cannot be read or gives no frame, or the unfinished run had other settings.
        OutputError: the journal cannot be written.
        KeyboardInterrupt: stopped by the user; the journal holds everything up to the last checkpoint. A live
            source ends so without an error.
    """
    Thread(target=load_filters, name="filters").start()  # the second pass wants them, and there is time now
    options, kept = job.options, _kept(job)
    if kept is None:
        with _open(job, options.start) as media:
            head = {"source": job.source, "media": _plain(media.info), "models": job.engine.models()}
            with journals.Journal.create(job.journal, head | job.identity(), overwrite=True) as journal:
                return _estimate(job, media, media.info, ((f.index, f) for f in media), journal, None)
    difference = job.difference(kept.meta)
    if difference is not None:
        raise InputError(
            f"Expected the unfinished run's own source and settings, got others ({difference}); "
            f"repeat its command with --resume, or leave --resume out to start over: {job.folder}"
        )
    info = _info(kept.meta["media"])
    warnings = list((kept.state or {}).get("warnings", []))
    if kept.complete:
        return FirstPass(info, warnings)
    if info.live and len(kept):  # what a camera did not give is gone; what it gave is kept
        return FirstPass(info, [*warnings, *_cut_off(job, kept)])
    journal, state, last = journals.resume(job.journal)
    with journal, _behind(job, state, last) as (media, numbered):
        return _estimate(job, media, info, numbered, journal, state)


def _estimate(
    job: Job,
    media: Source,
    info: MediaInfo,
    numbered: Numbered,
    journal: journals.Journal,
    state: Mapping[str, Any] | None,
) -> FirstPass:
    """Every frame of `numbered` through the networks into the journal; `state`: of the last checkpoint."""
    if state is None:
        state, tracker = {"warnings": []}, new_tracker(job.engine, job.options, info)
    else:
        tracker = Tracker.from_state(job.engine.skeleton, state["tracker"])
    warnings = list(state["warnings"])
    view = LiveView(job.engine, job.live) if info.live and job.live is not None else None
    checked, frame = time.monotonic(), None
    finder = FinderAhead(job.engine, tracker, 0 if info.live or job.engine.detector is None else AHEAD)
    with _capture(job, info) as capture, _ends_quietly(info, journal, warnings), finder:
        for index, frame in finder.watch(numbered):
            rows = step(frame, tracker, job.engine, partial(finder.found, index, frame))
            journal.frame(index, frame.time_s, rows)
            if info.live:  # it cannot be asked again
                journal.flush()
            if capture is not None:
                capture.write(frame.image, frame.time_s)
            if view is not None:
                view.push(frame, rows)
            job.progress.advance("poses", index + 1, info.frame_count)
            if time.monotonic() - checked >= CHECKPOINT_S:
                journal.checkpoint(
                    {**_seen(frame), "tracker": tracker.state(), "warnings": warnings + media.warnings}
                )
                checked = time.monotonic()
    if journal.last_index < 0:
        raise InputError(f"Expected frames, got none; check the file, --start and --end: {job.source}")
    warnings = list(dict.fromkeys(warnings + media.warnings))
    seen = dict(state) if frame is None else _seen(frame)
    journal.checkpoint({**seen, "tracker": tracker.state(), "warnings": warnings})
    return FirstPass(info, warnings)


def step(
    frame: Frame, tracker: Tracker, engine: Engine, find: Callable[[], np.ndarray] | None = None
) -> list[dict[str, Any]]:
    """One frame through finder, pose network and tracker, or through the one network that is both.

    Args:
        frame: the picture.
        tracker: of the source.
        engine: the networks.
        find: gives what the finder says of this frame, where somebody asked already.

    Returns:
        A row a person: track_id, box, position, score, and extras, name -> (J,) or (J, k).
    """
    keys: list[int | None]
    if engine.detector is None:
        poses = engine.people(frame.image)
        boxes, keys = poses.boxes[:, :4], [None] * len(poses)
    else:
        found = None
        if tracker.needs_detection(frame.time_s):
            found = engine.find(frame.image) if find is None else find()
        if found is not None and not len(found) and not tracker.live_ids and engine.verifies:
            found = centred_boxes((frame.image.shape[1], frame.image.shape[0]))
        boxes, keys = tracker.propose(frame.time_s, found)
        poses = engine.pose(frame.image, boxes)
    return [
        {
            "track_id": seen.track_id,
            "box": boxes[seen.index],
            "position": poses.position[seen.index],
            "score": poses.score[seen.index],
            "extras": {name: value[seen.index] for name, value in poses.extras.items()},
        }
        for seen in tracker.update(frame.time_s, boxes, keys, poses.position, poses.score)
    ]


def new_tracker(engine: Engine, options: RunOptions, info: MediaInfo) -> Tracker:
    """A tracker for a source; in a single picture there is no second frame to confirm anybody."""
    config = TrackerConfig(max_people=options.max_people, image_size=info.image_size, **engine.tracking())
    if info.kind == "image":
        config = replace(config, sure_score=config.new_score, max_new_boxes=100)
    return Tracker(engine.skeleton, config)


def _kept(job: Job) -> journals.JournalReader | None:
    """The journal of an unfinished run; None where none is wanted, or none there has a complete head."""
    if not job.options.resume or not job.journal.is_file():
        return None
    try:
        return journals.read(job.journal)
    except FormatError:
        return None


@contextmanager
def _behind(job: Job, state: Mapping[str, Any] | None, last: int) -> Iterator[tuple[Source, Numbered]]:
    """The numbered frames behind frame `last`.

    A seek is trusted only where it leads to the very picture of the checkpoint; else (joined recordings,
    broken stamps) everything is decoded again and the known frames are skipped.
    """
    if state is not None:
        with _opened(job, state["seen_s"]) as media:
            frames = iter(media or ())
            first = next(frames, None)
            if media is not None and first is not None and _seen(first)["picture"] == state["picture"]:
                yield media, ((frame.index + last, frame) for frame in frames)
                return
    with _open(job, job.options.start) as media:
        yield media, ((frame.index, frame) for frame in media if frame.index > last)


def _open(job: Job, start_s: float | None) -> Source:
    """The source from a time on."""
    options = job.options
    return open_source(
        job.source, start_s=start_s, end_s=options.end, every=options.every, timeout_s=options.timeout
    )


@contextmanager
def _opened(job: Job, start_s: float) -> Iterator[Source | None]:
    """The source from a time on, or None where it refuses."""
    try:
        media = _open(job, start_s)
    except InputError:
        yield None
        return
    with media:
        yield media


@contextmanager
def _ends_quietly(info: MediaInfo, journal: journals.Journal, warnings: list[str]) -> Iterator[None]:
    """Ctrl-C, or trouble after the first frames, is how a live source ends."""
    try:
        yield
    except KeyboardInterrupt:
        if not info.live:
            raise
    except InputError as error:
        if not info.live or journal.last_index < 0:
            raise
        warnings.append(f"It ended early. {error}")


def _capture(job: Job, info: MediaInfo) -> AbstractContextManager[VideoWriter | None]:
    """A camera cannot be decoded twice: keep its pictures for overlay and report, whatever happens."""
    if not info.live or not (job.options.video or job.options.report):
        return nullcontext(None)
    return VideoWriter(job.capture, info.image_size, info.rate_hz, in_pieces=True)


def _cut_off(job: Job, kept: journals.JournalReader) -> list[str]:
    """What to tell of a live source whose run was killed; pictures that cannot be read are removed."""
    lines = [f"The recording was cut off after {kept.timestamps_s[-1]:.1f} s; what had come was used"]
    if job.capture.is_file():
        try:
            open_source(job.capture).close()
        except InputError:
            job.capture.unlink()
            lines.append("Its pictures were lost, so there is no overlay")
    return lines


def _seen(frame: Frame) -> dict[str, Any]:
    """Time and checksum of a picture."""
    return {"seen_s": frame.time_s, "picture": [frame.time_s, zlib.crc32(frame.image.data)]}


def _plain(info: MediaInfo) -> dict[str, Any]:
    return asdict(info) | {"path": None if info.path is None else str(info.path)}


def _info(plain: Mapping[str, Any]) -> MediaInfo:
    path = plain["path"]
    return MediaInfo(**{**plain, "image_size": tuple(plain["image_size"]), "path": path and Path(path)})
