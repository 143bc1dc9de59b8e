"""Northwestern-UCLA sequences as JSON (`aXX_sXX_eXX_vXX.json`): 20 Kinect v1 joints in metres.

A file is ``{"file_name", "skeletons": [frame][20][3], "label"}``. The label is a number 1-10 (in some
files a string) that differs from the ``a`` number of the name (01-06, 08, 09, 11, 12). Clips of one frame
exist. Axes ``kinect``, layout kinect20; no times are stored, 30 Hz is nominal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, PoseSequence
from bodyverb.formats._format import Format, Given, Item, recording_of

RATE_HZ = 30.0
MAX_FILE_BYTES = 64 * 1024**2
NAME = re.compile(r"a(\d+)_s(\d+)_e(\d+)_v(\d+)")


@dataclass(frozen=True, kw_only=True)
class NwUclaSequence:
    """One file: poses, label 1-10, and the numbers of its name (action number, subject, repetition, view)."""

    poses: PoseSequence
    label: int
    action: int
    subject: int
    repetition: int
    view: int


def read(path: str | Path, *, data: bytes | None = None) -> NwUclaSequence:
    """Reads one sequence.

    Args:
        path: the file.
        data: its bytes, where it lies inside an archive.

    Returns:
        Poses (1, frame, 20, 3) in metres, axes ``kinect``, a joint at exactly (0, 0, 0) absent (NaN), and
        the label.

    Raises:
        FormatError: the file is absent, broken or holds something else.
    """
    path = Path(path)
    if data is None and not path.is_file():
        raise FormatError(f"Expected a JSON file, got nothing there; check the name: {path}")
    if (path.stat().st_size if data is None else len(data)) > MAX_FILE_BYTES:
        raise FormatError(f"Expected at most {MAX_FILE_BYTES >> 20} MiB, got more; check the file: {path}")
    try:
        fields = json.loads(path.read_bytes() if data is None else data)
        position = np.asarray(fields["skeletons"], dtype=np.float32)
        label, name = int(fields["label"]), str(fields["file_name"])
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"Expected file_name, skeletons and label, got {error!r}; check the file: {path}"
        ) from error
    match = NAME.search(name)
    if position.ndim != 3 or position.shape[1:] != (20, 3) or match is None:
        raise FormatError(
            f"Expected skeletons (frame, 20, 3) and a name like a01_s01_e00_v01, "
            f"got {position.shape} and {name!r}; "
            f"check the file: {path}"
        )
    position[(position == 0).all(axis=-1)] = np.nan
    poses = PoseSequence.from_arrays(
        position[None],
        skeleton=skeletons.get("kinect20"),
        rate_hz=RATE_HZ,
        space="camera",
        unit="m",
        axes="kinect",
        source=path.name,
    )
    action, subject, repetition, view = (int(group) for group in match.groups())
    return NwUclaSequence(
        poses=poses, label=label, action=action, subject=subject, repetition=repetition, view=view
    )


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    found = read(path)
    yield path.stem, recording_of(found.poses, {"label": found.label})


FORMAT = Format(
    name="nw-ucla",
    title="Northwestern-UCLA JSON",
    suffixes=(".json",),
    says=frozenset({"layout", "unit", "axes", "rate", "label"}),
    read=_recordings,
    looks=lambda path, head: head.lstrip()[:1] == b"{" and b'"skeletons"' in head,
)
