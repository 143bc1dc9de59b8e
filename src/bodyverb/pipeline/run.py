"""One call for everything: expand the sources, run both passes on each, go on when one fails."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

from bodyverb.core import FormatError, InputError, OutputError
from bodyverb.formats import poses_h5
from bodyverb.formats.files import FolderLock
from bodyverb.media import IMAGE_SUFFIXES, SourceItem, expand
from bodyverb.pipeline.each import run_pictures
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.first_pass import run_first_pass
from bodyverb.pipeline.job import Job
from bodyverb.pipeline.live import Live
from bodyverb.pipeline.options import RunOptions, RunResult, SourceResult
from bodyverb.pipeline.progress import Progress, Silent
from bodyverb.pipeline.second_pass import run_second_pass

Sources = str | Path | Sequence[str | Path]

_RESULTS = {
    "poses": ".poses.h5",
    "verbs_csv": ".verbs.csv",
    "verbs_json": ".verbs.json",
    "video": ".mp4",
    "picture": ".overlay.jpg",
    "report": ".html",
}


def run(
    source: Sources,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    live: Live | None = None,
    **changes: Any,
) -> RunResult:
    """Turn videos, pictures, cameras or streams into skeletons and verbs.

    Args:
        source: one source or several: a video file, a picture, a folder or glob of pictures, `camera:0`, an
        rtsp or
            http address.
        options: settings; or give them by name, e.g. `run("clip.mp4", out="results", video=False)`.
        progress: told how far the work is; silent by default.
        live: called with each frame of a camera or live stream and the people in it.
        **changes: fields of `RunOptions`.

    Returns:
        Recordings, timelines and paths, source by source. With several sources one that fails is reported in
        its `error` and the others go on.

    Raises:
        InputError: the only source cannot be used, or an option is wrong; nothing is done.
        ModelError: a network is missing or broken.
        OutputError: the results cannot be written.
        KeyboardInterrupt: stopped; `resume=True` goes on.
    """
    try:
        settings = RunOptions(**{**({} if options is None else vars(options)), **changes})
    except TypeError as error:
        raise InputError(
            f"Expected options of a run, got {error}; see bodyverb.pipeline.RunOptions"
        ) from None
    result = RunResult(items=tuple(results(source, settings, progress, live)))
    if len(result.items) == 1 and result.items[0].failure is not None:
        raise result.items[0].failure
    return result


def results(
    source: Sources, options: RunOptions, progress: Progress | None = None, live: Live | None = None
) -> Iterator[SourceResult]:
    """The same one source at a time, so that none but the current one is held in memory.

    A source that fails gives a result with its `error`; arguments as `run`.

    Raises:
        InputError: no source, or results would take the place of one.
        ModelError, OutputError, KeyboardInterrupt: as `run`.
    """
    typed = [source] if isinstance(source, str | Path) else list(source)
    progress = progress or Silent()
    items = _without_own(
        expand([str(s) for s in typed], each=options.each), options.out, {str(s) for s in typed}
    )
    engine = Engine.load(options)
    pictures = [item for item in items if options.each and Path(item.source).suffix.lower() in IMAGE_SUFFIXES]
    with _output_folder(options.out):
        for item in items:
            if item.note:
                progress.note(item.note)
        if pictures:
            with progress.source(f"{len(pictures)} pictures"):
                done = run_pictures(pictures, options, engine, progress)
            yield from done
        for item in items:
            if item not in pictures:
                yield _one(
                    Job(
                        source=item.source,
                        stem=item.stem,
                        options=options,
                        engine=engine,
                        progress=progress,
                        live=live,
                    )
                )


def _one(job: Job) -> SourceResult:
    """Both passes on one source."""
    finished = _finished(job)
    if finished is not None:
        return finished
    began_before = job.journal.exists()
    if job.folder.exists() and not job.options.resume:
        job.progress.note(
            f"an unfinished run is started over; --resume would have gone on with it: {job.folder}"
        )
        began_before = False
    try:
        _prepare(job)
        result = _both_passes(job)
    except InputError as error:
        if not began_before:
            shutil.rmtree(job.folder, ignore_errors=True)
        return SourceResult(source=job.source, stem=job.stem, error=str(error), failure=error)
    shutil.rmtree(job.folder, ignore_errors=True)
    if result.warnings:
        job.progress.note(f"{'; '.join(result.warnings)}: {job.source}")
    return result


def _both_passes(job: Job) -> SourceResult:
    begin = time.perf_counter()
    job.engine.seconds.clear()
    with job.progress.source(job.source):
        first = run_first_pass(job)
        middle = time.perf_counter()
        result = run_second_pass(job, first)
    seconds = {
        "frames": float(result.frames),
        "first pass": middle - begin,
        **job.engine.seconds,
        **job.seconds,
        "total": time.perf_counter() - begin,
    }
    return result.replace(seconds=seconds)


def _prepare(job: Job) -> None:
    """An empty folder for the unfinished work, or the one to go on with; no leftovers of a killed run."""
    try:
        if job.folder.exists() and not job.options.resume:
            shutil.rmtree(job.folder)
        job.folder.mkdir(parents=True, exist_ok=True)
        for left in job.options.out.glob(f".{escape(job.stem)}.*.part"):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
    except OSError as error:
        raise OutputError(
            f"Expected a folder to write to, got '{error.strerror}'; choose another --out: {job.folder}"
        ) from error


def _finished(job: Job) -> SourceResult | None:
    """With --resume: the result of a source done already, from the same file with the same settings."""
    path = job.result(poses_h5.SUFFIX)
    if not job.options.resume or job.folder.exists() or not path.exists():
        return None
    try:
        recording, timeline = poses_h5.read(path), poses_h5.read_timeline(path)
    except FormatError:
        return None
    difference = job.difference(recording.meta.get("first_pass", {}))
    if difference is not None:
        job.progress.note(f"done before, but {difference}; it is done again: {job.source}")
        return None
    job.progress.note(f"done already, left as it is (without --resume it is done again): {job.source}")
    paths = {kind: job.result(suffix) for kind, suffix in _RESULTS.items() if job.result(suffix).exists()}
    return SourceResult(source=job.source, stem=job.stem, recording=recording, timeline=timeline, paths=paths)


@contextmanager
def _output_folder(folder: Path) -> Iterator[None]:
    """Hold the output folder; one that was made for nothing is removed again."""
    made = not folder.exists()
    try:
        with FolderLock(folder):
            yield
    finally:
        if made:
            with suppress(OSError):
                folder.rmdir()


def _without_own(items: Sequence[SourceItem], out: Path, typed: set[str]) -> list[SourceItem]:
    """The items without earlier results that lie among the sources.

    Raises:
        InputError: a result would take the place of a source.
    """
    kept = [item for item in items if item.source in typed or not _is_own(Path(item.source), out)]
    if not kept:
        raise InputError(f"Expected a source, got earlier results only; name a video or a picture: {out}")
    if len(kept) < len(items):  # names that only clashed with results are free again
        files = [item.source for item in kept if Path(item.source).is_file()]
        named = {item.source: item for item in expand(files)} if files else {}
        kept = [named.get(item.source, item) for item in kept]
    for item in kept:
        path = Path(item.source)
        if path.is_file() and path.resolve() == (out / f"{item.stem}.mp4").resolve():
            raise InputError(
                "Expected results under other names than the sources, got the overlay's name for a source; "
                f"choose another --out: {path}"
            )
    return kept


def _is_own(path: Path, out: Path) -> bool:
    """Whether a file of the output folder is an overlay that an earlier run made."""
    if not path.is_file() or path.resolve().parent != out.resolve():
        return False
    made = path.suffix == ".mp4" and path.with_suffix(poses_h5.SUFFIX).exists()
    return made or path.name.endswith(".overlay.jpg")
