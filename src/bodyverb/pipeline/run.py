"""One call for everything: expand the sources, run both passes on each, keep going when one of several fails."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bodyverb.core import BodyverbError, InputError, OutputError
from bodyverb.formats import poses_h5
from bodyverb.formats.files import FolderLock
from bodyverb.media import MediaInfo, SourceItem, expand
from bodyverb.pipeline.each import run_pictures
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.first_pass import Live, run_first_pass
from bodyverb.pipeline.options import RunOptions, RunResult, SourceResult
from bodyverb.pipeline.progress import Progress, Silent
from bodyverb.pipeline.second_pass import run_second_pass


def run(
    source: str | Path | Sequence[str | Path],
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    live: Live | None = None,
    **changes: Any,
) -> RunResult:
    """Turn videos, pictures, cameras or streams into skeletons and verbs.

    Args:
        source: one source or several: a video file, a picture, a folder or glob of pictures, `camera:0`, an rtsp or
            http address.
        options: settings; or give them by name, e.g. `run("clip.mp4", out="results", video=False)`.
        progress: told how far the work is; silent by default.
        live: called with each frame and its people, for cameras.
        **changes: fields of `RunOptions`.

    Returns:
        Recordings, timelines and paths, source by source. With several sources one that fails is reported in its
        `error` and the others go on.

    Raises:
        InputError: the only source cannot be used, or an option is wrong; nothing is done.
        ModelError: a network is missing or broken.
        OutputError: the results cannot be written.
        KeyboardInterrupt: stopped; `resume=True` goes on.
    """
    changes = {k: Path(v) if k == "out" else tuple(v) if k == "poses_as" else v for k, v in changes.items()}
    try:
        settings = options if options is not None and not changes else RunOptions(**{**_fields(options), **changes})
    except TypeError as error:
        raise InputError(f"Expected options of a run, got {error}; see bodyverb.pipeline.RunOptions") from None
    typed = [source] if isinstance(source, str | Path) else list(source)
    items = expand([str(s) for s in typed], each=settings.each)
    progress = progress or Silent()
    _refuse_overwriting(items, settings.out)
    engine = Engine.load(settings)
    results = []
    with FolderLock(settings.out):
        if settings.each:
            return RunResult(items=tuple(run_pictures(items, settings, engine, progress)))
        for item in items:
            if item.note:
                progress.note(item.note)
            try:
                results.append(_one(item, settings, engine, progress, live))
            except OutputError:
                raise
            except BodyverbError as error:
                if len(items) == 1:
                    raise
                progress.note(f"{item.source}: {error}")
                results.append(SourceResult(source=item.source, stem=item.stem, error=str(error)))
    return RunResult(items=tuple(results))


def _one(
    item: SourceItem, options: RunOptions, engine: Engine, progress: Progress, live: Live | None
) -> SourceResult:
    """Both passes on one source."""
    folder = options.out / f"{item.stem}.partial"
    done = options.out / f"{item.stem}{poses_h5.SUFFIX}"
    if options.resume and not folder.exists() and done.exists():
        progress.note(f"{item.source}: done already, left as it is (run without --resume to do it again)")
        recording, timeline = poses_h5.read(done), poses_h5.read_timeline(done)
        return SourceResult(
            source=item.source, stem=item.stem, recording=recording, timeline=timeline, paths={"poses": done}
        )
    if folder.exists() and not options.resume:
        progress.note(f"{item.stem}: an unfinished run is started over (--resume would have gone on with it)")
        shutil.rmtree(folder)
    begin = time.perf_counter()
    engine.seconds.clear()
    _make(folder)
    try:

        def advance(frames: int, info: MediaInfo) -> None:
            progress.advance("poses", frames, info.frame_count)

        with progress.source(item.source):
            info, warnings = run_first_pass(item.source, folder, options, engine, advance, live)
            first = time.perf_counter() - begin
            if not (folder / "journal").stat().st_size:
                raise InputError(f"Expected frames, got none; check the file: {item.source}")
            recording, timeline, paths, seconds = run_second_pass(
                item.source, item.stem, info, folder, options, engine, progress.advance
            )
    except BodyverbError:
        if not options.resume:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)
    frames = len(recording.timestamps_s)
    stages = {"first pass": first, **engine.seconds, **seconds, "total": time.perf_counter() - begin}
    for line in warnings:
        progress.note(f"{item.source}: {line}")
    return SourceResult(
        source=item.source, stem=item.stem, recording=recording, timeline=timeline, paths=paths,
        warnings=tuple(warnings), seconds={"frames": float(frames), **stages},
    )


def _fields(options: RunOptions | None) -> dict[str, Any]:
    return {} if options is None else dict(vars(options))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"Expected a folder to write to, got '{error.strerror}'; choose another --out: {folder}") from error


def _refuse_overwriting(items: Sequence[SourceItem], out: Path) -> None:
    """No result may take the place of a source."""
    for item in items:
        path = Path(item.source)
        if path.is_file() and path.resolve() == (out / f"{item.stem}.mp4").resolve():
            raise InputError(f"Expected results beside the source, got its own name; choose another --out: {path}")
