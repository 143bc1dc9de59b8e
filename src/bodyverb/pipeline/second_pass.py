"""Pass 2: from the journal, person by person: smooth, name the verbs, write every result under its name."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bodyverb import __version__
from bodyverb.core import OutputError, Timeline
from bodyverb.estimate.smooth import Method, default_method
from bodyverb.formats import export, poses_h5, verbs_table
from bodyverb.formats import journal as journals
from bodyverb.formats.poses_h5 import SUFFIX, PosesWriter
from bodyverb.pipeline.first_pass import FirstPass
from bodyverb.pipeline.job import Job
from bodyverb.pipeline.options import SourceResult
from bodyverb.pipeline.pictures import write_page, write_pictures
from bodyverb.pipeline.tracks import CUTOFF_HZ, MAX_GAP_S, people, pieces, posed_rate
from bodyverb.recognize.pairs import presence

SPARE_BYTES = 8 << 20


def run_second_pass(job: Job, first: FirstPass) -> SourceResult:
    """Write the results of one source whose journal is complete.

    Raises:
        OutputError: a result cannot be written; those before it are there, complete.
    """
    options = job.options
    _check_space(job)
    paths = {"poses": job.result(SUFFIX)}
    with timed(job, "smooth and verbs"):
        timeline, made = _write_poses(job, first)
    if timeline is not None:
        rows = ((job.source, segment) for segment in timeline.segments)
        paths["verbs_csv"] = verbs_table.write_csv(job.result(".verbs.csv"), rows)
        paths["verbs_json"] = verbs_table.write_json(job.result(".verbs.json"), job.source, timeline)
    if options.video:
        with timed(job, "overlay"):
            paths |= write_pictures(job, first.info, paths["poses"], timeline)
    recording = poses_h5.read(paths["poses"])  # whole; until here no more than one track was in memory
    for name in options.poses_as:
        paths[name] = export(name, options.out, job.stem, recording)
    if options.report:
        with timed(job, "report"):
            paths["report"] = write_page(job, first.info, recording, timeline, paths, made)
    return SourceResult(
        source=job.source,
        stem=job.stem,
        recording=recording,
        timeline=timeline,
        paths=paths,
        warnings=tuple(dict.fromkeys([*first.warnings, *job.warnings])),
    )


def _check_space(job: Job) -> None:
    """A disk that is nearly full ends the source before the second pass, not in the middle of it.

    Raises:
        OutputError: not even the poses would fit.
    """
    needed = 2 * job.journal.stat().st_size + SPARE_BYTES
    free = shutil.disk_usage(job.options.out).free
    if free < needed:
        raise OutputError(
            f"Expected {needed / 1e6:.0f} MB of free space for the results, got {free / 1e6:.0f} MB; "
            f"free some and repeat with --resume: {job.options.out}"
        )


def _write_poses(job: Job, first: FirstPass) -> tuple[Timeline | None, dict[str, Any]]:
    """The native file, track by track; returns the verbs, and how it was made."""
    reader = journals.read(job.journal)
    recognizer, times, size = job.engine.recognizer, reader.timestamps_s, first.info.image_size
    method = job.options.smooth or default_method(
        posed_rate(first.info, job.options.every, times), first.info.live
    )
    made = describe(job, reader.meta, method)
    moving = first.info.kind != "image"  # one picture shows no motion
    least = job.engine.tracking().get("new_score", 0.0)
    timeline, windows, present = None, [], []
    with PosesWriter(
        job.result(SUFFIX), timestamps_s=times, image_size=size, source=job.source, meta=made
    ) as writer:
        for done, (track_id, name) in enumerate(people(reader, least), 1):
            writer.add(pieces(reader, track_id, name, first.info, job.engine.skeleton, method))
            if recognizer is not None and moving:
                track = writer.stored(name)
                windows += recognizer(track)
                present += [presence(track)] if recognizer.persons == 2 else []
            job.progress.advance("smooth", done, len(reader.track_ids))
        if recognizer is not None:
            windows += recognizer.pairs(present, writer.stored)
            timeline = recognizer.merged(windows)
        segments = () if timeline is None else timeline.segments
        writer.finish(segments=segments, timeline=timeline, has_smoothed=True)
    return timeline, made


def describe(job: Job, head: Mapping[str, Any], method: Method) -> dict[str, Any]:
    """What is kept in the file and shown in the report about how it was made; `head` is the journal's."""
    given = {key: value for key, value in vars(job.options).items() if value is not None}
    return {
        "bodyverb": __version__,
        "models": job.engine.models(),
        "options": given | {"out": str(job.options.out)},
        "smoothing": {"method": method, "cutoff_hz": CUTOFF_HZ, "max_gap_s": MAX_GAP_S},
        "media": {key: value for key, value in head["media"].items() if value is not None},
        "first_pass": {key: head[key] for key in ("signature", "options", "networks")},
    }


@contextmanager
def timed(job: Job, stage: str) -> Iterator[None]:
    """Add the block's time to the job's stage."""
    begin = time.perf_counter()
    try:
        yield
    finally:
        job.seconds[stage] = job.seconds.get(stage, 0.0) + time.perf_counter() - begin
