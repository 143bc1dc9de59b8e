"""Independent pictures (`--each`): an annotated copy of each and one table of everybody found."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from bodyverb.core import InputError, PoseSequence, Recording
from bodyverb.formats.files import replacing
from bodyverb.media import Frame, MediaInfo, SourceItem, read_image
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.first_pass import new_tracker, step
from bodyverb.pipeline.options import RunOptions, SourceResult
from bodyverb.pipeline.pictures import annotate
from bodyverb.pipeline.progress import Progress

TABLE = "pictures.csv"


def run_pictures(
    items: Sequence[SourceItem], options: RunOptions, engine: Engine, progress: Progress
) -> list[SourceResult]:
    """Estimate each picture by itself; the table is written last, and only where a picture could be read.

    Returns:
        One result a picture; `paths` holds the annotated picture and the table.

    Raises:
        OutputError: a result cannot be written.
    """
    results, rows, table = [], [], options.out / TABLE
    for done, item in enumerate(items, 1):
        try:
            recording = one_picture(item.source, engine, options)
        except InputError as error:
            results.append(SourceResult(source=item.source, stem=item.stem, error=str(error), failure=error))
            continue
        rows += list(_rows(item.source, recording))
        paths = {"table": table}
        if options.video:
            paths["picture"] = annotate(item.source, options.out / f"{item.stem}.overlay.jpg", recording)
        results.append(SourceResult(source=item.source, stem=item.stem, recording=recording, paths=paths))
        progress.advance("pictures", done, len(items))
    if any(result.error is None for result in results):
        _write_table(table, engine.skeleton.joints, rows)
    return results


def one_picture(source: str | Path, engine: Engine, options: RunOptions | None = None) -> Recording:
    """Everybody in one picture, as tracks of one frame at time 0, in the way of a video's frame.

    Raises:
        InputError: the picture cannot be read.
    """
    image = read_image(source)
    size = (image.shape[1], image.shape[0])
    info = MediaInfo(
        kind="image",
        stem=Path(source).stem,
        path=Path(source),
        image_size=size,
        rate_hz=None,
        rate="unknown",
        duration_s=None,
        frame_count=1,
    )
    tracker = new_tracker(engine, options or RunOptions(), info)
    tracks = tuple(
        PoseSequence.from_arrays(
            row["position"][None, None],
            skeleton=engine.skeleton,
            timestamps_s=[0.0],
            image_size=size,
            score=row["score"][None, None],
            box=np.asarray(row["box"], np.float32)[None, None],
            person_ids=(str(number),),
            source=str(source),
            rate="unknown",
        )
        for number, row in enumerate(step(Frame(index=0, time_s=0.0, image=image), tracker, engine), 1)
    )
    return Recording(timestamps_s=np.zeros(1), image_size=size, source=str(source), tracks=tracks)


def _write_table(path: Path, joints: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    named = [f"{name}_{part}" for name in joints for part in ("x", "y", "score")]
    with (
        replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as handle,
    ):
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["source", "person_id", "x1", "y1", "x2", "y2", "score", *named])
        writer.writerows(rows)


def _rows(source: str, recording: Recording) -> Iterator[list[str]]:
    for track in recording.tracks:
        box = [f"{value:.2f}" for value in track.box[0, 0]] if track.box is not None else [""] * 4
        joints = [
            text
            for place, chance in zip(track.position[0, 0], track.score[0, 0], strict=True)
            for text in (f"{place[0]:.2f}", f"{place[1]:.2f}", f"{chance:.4f}")
        ]
        yield [source, track.person_ids[0], *box, f"{track.score.mean():.4f}", *joints]
