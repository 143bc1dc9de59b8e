"""Pass 2: from the journal, person by person: smooth, name the verbs, write every result under its final name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import __version__
from bodyverb.core import PoseSequence, Recording, Segment, Skeleton, Timeline, Window
from bodyverb.estimate.smooth import Method, default_method, smooth
from bodyverb.formats import export, verbs_table
from bodyverb.formats import journal as journals
from bodyverb.formats.poses_h5 import PosesWriter
from bodyverb.media import Frame, MediaInfo, open_source, read_image, write_image
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.first_pass import CAPTURE
from bodyverb.pipeline.options import RunOptions

SEEN_SCORE = 0.3
MIN_TRACK_S = 0.3
CUTOFF_HZ = 6.0
MAX_GAP_S = 0.25

Advance = Callable[[str, int, int | None], None]


def run_second_pass(
    source: str, stem: str, info: MediaInfo, folder: Path, options: RunOptions, engine: Engine, advance: Advance
) -> tuple[Recording, Timeline | None, dict[str, Path], dict[str, float]]:
    """Write the results of one source.

    Args:
        source: as typed.
        stem: name of the results.
        info: what the source is.
        folder: `<stem>.partial` with the journal.
        options: of the run.
        engine: the networks (the recognizer is used here).
        advance: (stage, done, of) for the progress bar.

    Returns:
        The smoothed recording, its timeline, the files written and the seconds of each stage.

    Raises:
        OutputError: a result cannot be written.
    """
    seconds: dict[str, float] = {}
    reader = journals.read(folder / "journal")
    method = options.smooth or default_method(posed_rate(info, options, reader.timestamps_s), info.live)
    meta = describe(reader.meta, info, options, method)
    paths = {"poses": options.out / f"{stem}.poses.h5"}
    tracks: list[PoseSequence] = []
    windows: list[Window] = []
    segments: list[Segment] = []
    writer = PosesWriter(
        paths["poses"], timestamps_s=reader.timestamps_s, image_size=info.image_size, source=source, meta=meta
    )
    with _timed(seconds, "smooth and verbs"), writer:
        for done, raw in enumerate(raw_tracks(reader, info, engine.skeleton, source)):
            smoothed = smooth(raw, method, cutoff_hz=CUTOFF_HZ, max_gap_s=MAX_GAP_S)
            tracks.append(smoothed)
            if engine.recognizer is not None and info.kind != "image":
                found = engine.recognizer(smoothed)
                windows += found
                segments += engine.recognizer.segments(found)
            writer.add(raw, smoothed)
            advance("smooth", done + 1, len(reader.track_ids))
        timeline = None
        if engine.recognizer is not None:
            r = engine.recognizer
            timeline = Timeline(
                classes=r.classes, segments=tuple(segments), windows=tuple(windows), model=r.model, thresholds=r.thresholds
            )
        writer.finish(segments=tuple(segments), timeline=timeline, has_smoothed=True)
    recording = Recording(
        timestamps_s=reader.timestamps_s, image_size=info.image_size, source=source, tracks=tuple(tracks),
        segments=tuple(segments), meta=meta,
    )
    if timeline is not None:
        paths["verbs_csv"] = verbs_table.write_csv(options.out / f"{stem}.verbs.csv", ((source, s) for s in segments))
        paths["verbs_json"] = verbs_table.write_json(options.out / f"{stem}.verbs.json", source, timeline)
    for name in options.poses_as:
        paths[name] = export(name, options.out, stem, recording)
    if options.video:
        with _timed(seconds, "overlay"):
            paths |= _draw(source, stem, info, folder, options, recording, timeline, advance)
    if options.report:
        with _timed(seconds, "report"):
            paths["report"] = _report(source, stem, info, folder, options, recording, timeline, paths, meta)
    return recording, timeline, paths, seconds


def raw_tracks(
    reader: journals.JournalReader, info: MediaInfo, skeleton: Skeleton, source: str
) -> Iterator[PoseSequence]:
    """The people of a journal, one at a time, each on the frames between its first and last.

    Frames in which a person was not found are rows of NaN, so that smoothing may fill short gaps. A track shorter
    than 0.3 s and three frames is noise and left out, unless the whole source is that short.
    """
    times, numbers = reader.timestamps_s, reader.frame_index
    long_source = len(times) > 3 and times[-1] - times[0] > 2 * MIN_TRACK_S
    names = 0
    for track_id in reader.track_ids:
        rows = reader.track(track_id)
        if long_source and rows.time_s[-1] - rows.time_s[0] < MIN_TRACK_S and len(rows.time_s) < 8:
            continue
        names += 1
        at = np.searchsorted(numbers, rows.index)
        first, count = int(at[0]), int(at[-1] - at[0]) + 1
        joints = rows.position.shape[1]
        position = np.full((1, count, joints, 2), np.nan, np.float32)
        score = np.zeros((1, count, joints), np.float32)
        box = np.full((1, count, 4), np.nan, np.float32)
        position[0, at - first], score[0, at - first], box[0, at - first] = rows.position, rows.score, rows.box
        present = np.isfinite(position).all(-1)
        state = np.where(present, np.where(score >= SEEN_SCORE, 2, 1), 0).astype(np.uint8)
        yield PoseSequence(
            position=position, score=np.clip(score, 0, 1), state=state, box=box, skeleton=skeleton,
            timestamps_s=times[first : first + count], rate=info.rate, space="image", unit="px", axes="cv",
            image_size=info.image_size, person_ids=(str(names),), source=source,
        )


def posed_rate(info: MediaInfo, options: RunOptions, times: np.ndarray) -> float | None:
    """Frames a second that were posed: measured on the time stamps, else the source's own rate."""
    if len(times) > 2:
        step = float(np.median(np.diff(times)))
        return 1 / step if step > 0 else None
    return info.rate_hz / options.every if info.rate_hz else None


def describe(journal_meta: Mapping[str, Any], info: MediaInfo, options: RunOptions, method: Method) -> dict[str, Any]:
    """What is kept in the file and shown in the report about how it was made."""
    return {
        "bodyverb": __version__,
        "models": journal_meta.get("models", {}),
        "options": {k: v for k, v in vars(options).items() if v is not None and k != "out"} | {"out": str(options.out)},
        "smoothing": {"method": method, "cutoff_hz": CUTOFF_HZ, "max_gap_s": MAX_GAP_S},
        "media": {
            "kind": info.kind, "image_size": info.image_size, "rate_hz": info.rate_hz, "rate": info.rate,
            "duration_s": info.duration_s,
        },
    }


def frames_again(
    source: str, info: MediaInfo, folder: Path, options: RunOptions, every: int = 1
) -> Iterator[Frame]:
    """Decode the source a second time; a camera's pictures come from the file kept in pass 1."""
    if info.live:
        capture = folder / CAPTURE
        if capture.exists():
            with open_source(capture) as media:
                yield from media
        return
    with open_source(source, start_s=options.start, end_s=options.end, every=every) as media:
        yield from media


def _draw(
    source: str, stem: str, info: MediaInfo, folder: Path, options: RunOptions, recording: Recording,
    timeline: Timeline | None, advance: Advance,
) -> dict[str, Path]:
    from bodyverb.outputs.overlay import OverlayDrawer, write_overlay

    if info.kind == "image":
        path = options.out / f"{stem}.overlay.jpg"
        image = read_image(source)
        write_image(path, OverlayDrawer(recording).draw(image.copy(), 0.0))
        return {"picture": path}
    path = options.out / f"{stem}.mp4"
    expected = len(recording.timestamps_s)

    def counted() -> Iterator[Frame]:
        for done, frame in enumerate(frames_again(source, info, folder, options, options.every)):
            yield frame
            advance("overlay", done + 1, expected)

    sound = Path(source) if info.kind == "video" and info.has_audio and options.every >= 1 else None
    rate = info.rate_hz / options.every if info.rate_hz else 30.0
    count = write_overlay(
        counted(), recording, timeline, path, options.video_size, rate_hz=rate,
        audio_from=sound, start_s=options.start, end_s=options.end,
    )
    return {"video": path} if count else {}


def _report(
    source: str, stem: str, info: MediaInfo, folder: Path, options: RunOptions, recording: Recording,
    timeline: Timeline | None, paths: Mapping[str, Path], meta: Mapping[str, Any],
) -> Path:
    from bodyverb.outputs.report import write_report
    from bodyverb.outputs.report_data import key_times

    wanted = key_times(recording, timeline)
    stills: list[tuple[float, np.ndarray]] = []
    for at in wanted:
        picture = _still(source, info, folder, options, at)
        if picture is not None:
            stills.append((at, picture))
    options_ = {"key_frames": stills, "how": meta}
    if "video" in paths:
        options_["video"] = paths["video"].name
    return write_report(options.out / f"{stem}.html", recording, timeline, **options_)


def _still(source: str, info: MediaInfo, folder: Path, options: RunOptions, at: float) -> np.ndarray | None:
    """The frame at a time, found by a seek."""
    if info.live:
        source = str(folder / CAPTURE)
        if not Path(source).exists():
            return None
    with open_source(source, start_s=max(0.0, at - 1e-4)) as media:
        frame = next(iter(media), None)
    return None if frame is None else frame.image


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - begin


def as_json(value: Any) -> str:
    """One line of JSON; paths become text."""
    return json.dumps(value, default=str)
