"""Results with pictures in them: overlay and report. The source is decoded again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bodyverb.core import InputError, Recording, Timeline
from bodyverb.formats import poses_h5
from bodyverb.formats.poses_h5 import PosesFile
from bodyverb.media import Frame, MediaInfo, open_source, read_image, scaled_size, write_image
from bodyverb.outputs.overlay import OverlayDrawer, StretchDrawer, write_overlay
from bodyverb.outputs.report import key_times, write_report
from bodyverb.pipeline.job import Job

STILL_PX = 640
SAME_S = 1e-4


def write_pictures(job: Job, info: MediaInfo, poses: Path, timeline: Timeline | None) -> dict[str, Path]:
    """The overlay: `picture` for a single picture, else `video`; nothing where no frame is left.

    The people come from the native file `poses`, of a long video a stretch at a time.
    """
    if info.kind == "image":
        return {"picture": annotate(job.source, job.result(".overlay.jpg"), poses_h5.read(poses))}
    options, path = job.options, job.result(".mp4")
    sound = info.path if info.kind == "video" and info.has_audio else None
    with PosesFile(poses) as file:
        written = write_overlay(
            _counted(job, info, file.timestamps_s),
            StretchDrawer(file.between, timeline),
            path,
            options.video_size,
            image_size=info.image_size,
            rate_hz=info.rate_hz / options.every if info.rate_hz else 30.0,
            audio_from=sound,
            start_s=options.start,
            end_s=options.end,
        )
    job.warnings.extend(written.warnings)
    return {"video": path} if written.frames else {}


def annotate(source: str | Path, path: Path, recording: Recording) -> Path:
    """Draw a recording of one picture over it."""
    write_image(path, OverlayDrawer(recording).draw(read_image(source), 0.0))
    return path


def write_page(
    job: Job,
    info: MediaInfo,
    recording: Recording,
    timeline: Timeline | None,
    paths: Mapping[str, Path],
    made: Mapping[str, Any],
) -> Path:
    """The report, with stills of the best moments."""
    pictures = ((at, _still(job, info, at, recording)) for at in key_times(recording, timeline))
    stills = [(at, picture) for at, picture in pictures if picture is not None]
    return write_report(
        job.result(".html"),
        recording,
        timeline,
        key_frames=stills,
        how=made,
        video=paths["video"].name if "video" in paths else None,
        video_start_s=job.options.start or 0.0,
    )


def _counted(job: Job, info: MediaInfo, times: np.ndarray) -> Iterator[Frame]:
    """The frames of the first pass once more; no more than there were then."""
    with _again(job, info, float(times[0]), None, job.options.every) as frames:
        for done, frame in enumerate(frames, 1):
            if frame.time_s > times[-1] + 1e-3:
                break
            yield frame
            job.progress.advance("overlay", done, len(times))


def _still(job: Job, info: MediaInfo, at: float, recording: Recording) -> np.ndarray | None:
    """The frame at a time, shrunk; None where it cannot be had again."""
    try:
        with _again(job, info, float(recording.timestamps_s[0]), at, 1) as frames:
            frame = next(frames, None)
    except InputError:
        return None
    if frame is None:
        return None
    size = scaled_size((frame.image.shape[1], frame.image.shape[0]), STILL_PX)
    return cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)


@contextmanager
def _again(job: Job, info: MediaInfo, zero: float, at: float | None, every: int) -> Iterator[Iterator[Frame]]:
    """The frames of a source once more, from a time on (None: from where the run began).

    What a live source gave was kept in the capture, whose clock starts at its first frame, time `zero`.
    """
    options = job.options
    if not info.live:
        start = options.start if at is None else max(0.0, at - SAME_S)
        with open_source(job.source, start_s=start, end_s=options.end, every=every) as media:
            yield iter(media)
    elif job.capture.is_file():
        start = None if at is None else max(0.0, at - zero - SAME_S)
        with open_source(job.capture, start_s=start) as media:
            yield (replace(frame, time_s=frame.time_s + zero) for frame in media)
    else:
        yield iter(())
