"""Independent pictures (`--each`): an annotated copy of each and one table of everybody found."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bodyverb.core import BodyverbError, PoseSequence, Recording
from bodyverb.formats.files import replacing
from bodyverb.media import SourceItem, read_image, write_image
from bodyverb.pipeline.engine import Engine
from bodyverb.pipeline.options import RunOptions, SourceResult
from bodyverb.pipeline.progress import Progress

TABLE = "pictures.csv"
LEAST_SCORE = 0.35


def run_pictures(
    items: Sequence[SourceItem], options: RunOptions, engine: Engine, progress: Progress
) -> list[SourceResult]:
    """Estimate each picture by itself.

    Returns:
        One result a picture; `paths` holds the annotated picture and the table.

    Raises:
        OutputError: a result cannot be written.
        BodyverbError: the only picture cannot be read.
    """
    results: list[SourceResult] = []
    table = options.out / TABLE
    with replacing(table) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        joints = [f"{name}_{part}" for name in engine.skeleton.joints for part in ("x", "y", "score")]
        writer.writerow(["source", "person_id", "x1", "y1", "x2", "y2", "score", *joints])
        with progress.source(f"{len(items)} pictures"):
            for done, item in enumerate(items):
                try:
                    recording = one_picture(item.source, engine, options.max_people)
                except BodyverbError as error:
                    if len(items) == 1:
                        raise
                    progress.note(f"{item.source}: {error}")
                    results.append(SourceResult(source=item.source, stem=item.stem, error=str(error)))
                    continue
                writer.writerows(_rows(item.source, recording))
                paths = {"table": table} | _annotate(item, recording, options)
                results.append(SourceResult(source=item.source, stem=item.stem, recording=recording, paths=paths))
                progress.advance("pictures", done + 1, len(items))
    return results


def one_picture(source: str | Path, engine: Engine, max_people: int | None = None) -> Recording:
    """Everybody in one picture, as tracks of one frame at time 0, the surest first."""
    image = read_image(source)
    position, score, boxes = people(image, engine)
    order = np.argsort(-score.mean(1))[:max_people]
    size = (image.shape[1], image.shape[0])
    tracks = tuple(
        PoseSequence.from_arrays(
            position[i][None, None], skeleton=engine.skeleton, timestamps_s=[0.0], score=score[i][None, None],
            box=boxes[i][None, None], image_size=size, person_ids=(str(rank + 1),), source=str(source), rate="unknown",
        )
        for rank, i in enumerate(order)
    )
    return Recording(timestamps_s=np.zeros(1), image_size=size, source=str(source), tracks=tracks)


def people(image: np.ndarray, engine: Engine) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finder and pose network on one picture (h, w, 3): position (n, J, 2), score (n, J), boxes (n, 4)."""
    boxes = engine.find(image)[:, :4]
    position, score = engine.pose(image, boxes)
    keep = np.sort(score, 1)[:, score.shape[1] // 2 :].mean(1) >= LEAST_SCORE if len(boxes) else np.zeros(0, bool)
    return position[keep], score[keep], boxes[keep]


def _rows(source: str, recording: Recording) -> Iterator[list[str]]:
    for track in recording.tracks:
        box = [f"{value:.2f}" for value in track.box[0, 0]] if track.box is not None else [""] * 4
        joints = [
            text
            for place, chance in zip(track.position[0, 0], track.score[0, 0], strict=True)
            for text in (f"{place[0]:.2f}", f"{place[1]:.2f}", f"{chance:.4f}")
        ]
        yield [source, track.person_ids[0], *box, f"{track.score.mean():.4f}", *joints]


def _annotate(item: SourceItem, recording: Recording, options: RunOptions) -> dict[str, Path]:
    if not options.video:
        return {}
    from bodyverb.outputs.overlay import OverlayDrawer

    path = options.out / f"{item.stem}.overlay.jpg"
    write_image(path, OverlayDrawer(recording).draw(read_image(item.source).copy(), 0.0))
    return {"picture": path}
