"""Poses as a Parquet table: the columns of `pose_csv`, typed, and what they mean beside them.

A row a person and frame, sorted by person, then time. `source` and `person_id` are text, `frame` int64,
`time_s` float64, boxes, positions and scores float32 (null where absent), states uint8. The file's metadata
`bodyverb.poses` is JSON: source, layout, frame of reference, rate, image size and the frames in which nobody
is; with it a file reads back exactly, but for extras and segments. A table of the same columns without it is
read like one of `pose_csv`: 2D in image px, 3D in camera metres, the layout by the names of the joints.

Needs the extra `[tables]` (pyarrow).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats import _extras
from bodyverb.formats._format import Format, Given, Item
from bodyverb.formats._pose_table import BOXES, LEAD, Rows, joint_columns
from bodyverb.formats.files import replacing, to_json

SUFFIX = ".poses.parquet"
KEY = b"bodyverb.poses"
MAX_ABOUT_BYTES = 16 * 1024**2
MAX_FRAMES = 2**24
BATCH = 4096
_FRAME = ("space", "unit", "axes", "mirrored", "rate")


def write(path: str | Path, recording: Recording) -> Path:
    """Write all tracks, one after the other.

    Raises:
        InputError: pyarrow is not there, or the tracks differ in layout or frame of reference.
        OutputError: The file cannot be written.
    """
    arrow, parquet = (_extras.load(name, "tables", path) for name in ("pyarrow", "pyarrow.parquet"))
    tracks = recording.tracks
    for track in tracks[1:]:
        if track.skeleton != tracks[0].skeleton or _frame(track) != _frame(tracks[0]):
            raise InputError(
                f"Expected tracks of one layout and frame of reference, got several; convert them: {path}"
            )
    names = joint_columns(tracks[0].skeleton, tracks[0].position.shape[3]) if tracks else []
    kinds = {"frame": arrow.int64(), "time_s": arrow.float64(), "source": arrow.string()}
    kinds |= {"person_id": arrow.string(), **dict.fromkeys(BOXES, arrow.float32())}
    kinds |= {name: arrow.uint8() if name.endswith("_state") else arrow.float32() for name in names}
    schema = arrow.schema([(name, kinds[name]) for name in (*LEAD, *names)])
    schema = schema.with_metadata({KEY: to_json(_about(recording)).encode()})
    with (
        replacing(path) as temporary,
        temporary.open("wb") as stream,
        parquet.ParquetWriter(stream, schema) as writer,
    ):
        for track in tracks:
            columns = _columns(track, recording)
            made = [
                arrow.array(column, kind, mask=_missing(column))
                for column, kind in zip(columns, schema.types, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(made, schema=schema))
    return Path(path)


def _frame(track: PoseSequence) -> dict[str, Any]:
    return {name: getattr(track, name) for name in _FRAME}


def _about(recording: Recording) -> dict[str, Any]:
    """What the columns do not say."""
    there = [np.isin(recording.timestamps_s, track.timestamps_s) for track in recording.tracks]
    nobody = ~np.any(there, axis=0) if there else np.ones(recording.timestamps_s.shape, bool)
    first = recording.tracks[0] if recording.tracks else None
    return {
        "source": recording.source,
        "image_size": recording.image_size,
        "nobody_s": recording.timestamps_s[nobody],
        "layout": first and first.skeleton.to_dict(),
        **(_frame(first) if first else {}),
    }


def _columns(track: PoseSequence, recording: Recording) -> list[np.ndarray]:
    """The columns of one track."""
    frames = np.searchsorted(recording.timestamps_s, track.timestamps_s)
    text = [np.full(track.frames, one, object) for one in (recording.source, track.person_ids[0])]
    box = np.full((track.frames, 4), np.nan, np.float32) if track.box is None else track.box[0]
    joints: list[np.ndarray] = []
    for joint in range(len(track.skeleton)):
        joints += [*track.position[0, :, joint].T, track.score[0, :, joint], track.state[0, :, joint]]
    return [*text, frames, track.timestamps_s, *box.T, *joints]


def _missing(column: np.ndarray) -> np.ndarray | None:
    return np.isnan(column) if column.dtype.kind == "f" else None


def read(path: str | Path, skeleton: Skeleton | str | None = None) -> Recording:
    """Read a table, a batch of rows at a time.

    Args:
        path: The table.
        skeleton: Its layout, where the file does not say: by default the known layout with the same joints.

    Raises:
        InputError: pyarrow is not there.
        FormatError: The file is absent or damaged, unpacks to too much, or has other columns.
    """
    parquet = _extras.load("pyarrow.parquet", "tables", path)
    try:
        with Path(path).open("rb") as stream:
            return _read(parquet.ParquetFile(stream, pre_buffer=False), skeleton, path)
    except FormatError:
        raise
    except InputError as error:
        raise FormatError(f"{error} [{path}]") from None
    except OSError as error:
        raise FormatError(f"Expected a Parquet table, got '{_words(error)}'; check it: {path}") from None
    except Exception as error:  # the library raises whatever it meets on damage
        raise FormatError(
            f"Expected a Parquet table, got {type(error).__name__} ({_words(error)}); get it anew: {path}"
        ) from None


def _words(error: Exception) -> str:
    """What the library says, in one line."""
    return " ".join(str(getattr(error, "strerror", None) or error).split())[:120]


def _read(file: Any, skeleton: Skeleton | str | None, path: str | Path) -> Recording:
    about = _parsed((file.schema_arrow.metadata or {}).get(KEY), path)
    layout = about.get("layout")
    rows = Rows(
        file.schema_arrow.names,
        Skeleton.from_dict(layout) if layout is not None and skeleton is None else skeleton,
        path,
    )
    count, width = file.metadata.num_rows, rows.width - len(LEAD) + len(BOXES)
    packed = sum(file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups))
    if max(4 * count * width, packed) > rows.limit:
        raise FormatError(
            f"Expected at most {rows.limit >> 20} MiB unpacked, got {count} rows of {rows.width} columns; "
            f"get it anew: {path}"
        )
    for batch in file.iter_batches(BATCH, use_threads=False):
        _take(batch, rows)
    rows.source = about.get("source", rows.source)
    recording = rows.recording(
        None, **{name: about[name] for name in (*_FRAME, "image_size") if name in about}
    )
    if "nobody_s" not in about:
        return recording
    times = np.union1d(recording.timestamps_s, np.asarray(about["nobody_s"], np.float64))
    return Recording(
        timestamps_s=times,
        image_size=about["image_size"],
        source=rows.source,
        tracks=recording.tracks,
    )


def _parsed(text: bytes | None, path: str | Path) -> dict[str, Any]:
    """The metadata of our own files."""
    if text is None:
        return {}
    if len(text) > MAX_ABOUT_BYTES:
        raise FormatError(f"Expected at most {MAX_ABOUT_BYTES >> 20} MiB of metadata, got more: {path}")
    about = json.loads(text)
    if not isinstance(about, dict) or not isinstance(about.get("source", ""), str):
        raise FormatError(f"Expected an object in {KEY.decode()}, got another; make it anew: {path}")
    if about.get("image_size") is not None:
        about["image_size"] = tuple(about["image_size"])
    return about


def _take(batch: Any, rows: Rows) -> None:
    """Some rows of the table; those of a person need not be together."""
    people = np.array(batch.column(1).to_pylist(), object)
    numbers = np.empty((batch.num_rows, rows.width - 4), np.float32)
    for at in range(4, rows.width):
        numbers[:, at - 4] = batch.column(at).to_numpy(zero_copy_only=False)
    times = batch.column(3).to_numpy(zero_copy_only=False).astype(np.float64)
    if batch.num_rows and not rows.source:
        rows.source = str(batch.column(0)[0].as_py() or "")
    for person in dict.fromkeys(people.tolist()):
        mine = people == person
        rows.add("" if person is None else str(person), times[mine].tolist(), numbers[mine])


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    yield path.name.removesuffix(".parquet").removesuffix(".poses"), read(path, given.layout)


def _save(path: Path, items: Iterable[Item]) -> Path:
    ((_, recording),) = items
    return write(path, recording)


FORMAT = Format(
    name="parquet",
    title="Parquet table, a row a person and frame",
    suffixes=(SUFFIX, ".parquet"),
    says=frozenset(
        {
            "layout",
            "unit",
            "axes",
            "space",
            "rate",
            "times",
            "empty frames",
            "ids",
            "scores",
            "states",
            "boxes",
            "image size",
            "nobody",
        }
    ),
    read=_recordings,
    write=_save,
    looks=lambda path, head: head.startswith(b"PAR1"),
    extra="tables",
)
