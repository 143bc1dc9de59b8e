"""Leeds Sports Pose Extended: crowd-labelled sports people, one a picture, 14 joints."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import InputError, PoseSequence, Sample
from bodyverb.datasets._files import find
from bodyverb.datasets._samples import SampleTable
from bodyverb.formats import lsp_mat

CARD = {
    "name": "lspet",
    "title": "Leeds Sports Pose Extended Training",
    "licence": "no licence stated; research use, pictures belong to their photographers (Flickr)",
    "citation": "Johnson and Everingham, Learning Effective Human Pose Estimation from Inaccurate "
    "Annotation, CVPR 2011",
    "files": "joints.mat, or one .npz with `joints` (n, 14, 3) = x, y, visible and `names` (n,), beside a "
    ".zip or .tar of the pictures or the loose pictures themselves",
    "splits": "`official`: train and validation, the last 1,000 rows (or a quarter) in file order; the set "
    "has no split of its own",
    "skeleton": "lsp14",
}

VALIDATION_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class PosePictures:
    """Pictures of one person each with 2D joints.

    Attributes:
        names: (n,) file names.
        joints: (n, 14, 2) float32, pixels of the picture (centre of the first pixel is 0, 0); NaN where not
        visible.
        read: index -> the encoded picture's bytes.
    """

    names: np.ndarray
    joints: np.ndarray
    read: Callable[[int], bytes]

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, row: int) -> np.ndarray:
        """Decode one picture.

        Returns:
            (h, w, 3) uint8 RGB.

        Raises:
            InputError: the bytes are no picture.
        """
        import cv2

        decoded = cv2.imdecode(np.frombuffer(self.read(row), np.uint8), cv2.IMREAD_COLOR)
        if decoded is None:
            raise InputError(f"Expected a picture, got bytes that are none; replace it: {self.names[row]}")
        return np.ascontiguousarray(decoded[..., ::-1])

    def split(self, name: str) -> np.ndarray:
        """Row numbers of a split: `train`, `validation` (a contiguous block at the end) or `all`."""
        count = len(self)
        held = min(VALIDATION_ROWS, count // 4)
        splits = {
            "train": np.arange(count - held),
            "validation": np.arange(count - held, count),
            "all": np.arange(count),
        }
        if name not in splits:
            raise InputError(f"Expected a split of {sorted(splits)}, got '{name}'; choose one of them")
        return splits[name]


def open(root: str | Path) -> SampleTable:
    """Opens the pictures as samples.

    Args:
        root: a folder laid out like LSP Extended (see CARD).

    Returns:
        The pictures, each with the box round its joints; joints that nobody marked are absent.

    Raises:
        InputError: no joints, no pictures, or arrays of another shape.
    """
    found = pictures(root)
    rows = {str(name): row for row, name in enumerate(found.names)}

    def load(key: str) -> Sample:
        if key not in rows:
            raise InputError(f"Expected one of {len(rows)} pictures, got '{key}'; see the table's ids")
        joints = found.joints[rows[key]]
        if not np.isfinite(joints).any():
            return Sample(id=key, image=key, boxes=np.zeros((0, 4)))
        box = np.concatenate((np.nanmin(joints, axis=0), np.nanmax(joints, axis=0)))
        poses = PoseSequence.from_arrays(
            joints[None, None], skeleton=skeletons.get("lsp14"), rate_hz=1.0, rate="unknown", source=key
        )
        return Sample(id=key, image=key, boxes=box[None], poses=poses)

    return SampleTable(
        ids=tuple(map(str, found.names)),
        splits={
            "official": {
                part: tuple(map(str, found.names[found.split(part)])) for part in ("train", "validation")
            }
        },
        load=load,
        read=lambda key: found.read(rows[key]),
    )


def pictures(root: str | Path) -> PosePictures:
    """Opens the pictures as arrays, as training wants them.

    Raises:
        InputError: no joints, no pictures, or arrays of another shape.
    """
    root = Path(root)
    if (root / "joints.mat").is_file():
        people = lsp_mat.read(root / "joints.mat")
        return _pictures(root, np.array(people.images), people.joints.astype(np.float32))
    tables = sorted(root.glob("*.npz"))
    if not tables:
        raise InputError(
            f"Expected joints.mat or an .npz with `joints` and `names`, got neither; "
            f"point --root at the data's folder: {root}"
        )
    with np.load(tables[0], allow_pickle=False) as table:
        missing = {"joints", "names"} - set(table.files)
        if missing:
            raise InputError(f"Expected arrays `joints` and `names`, got {table.files}: {tables[0]}")
        joints, names = table["joints"].astype(np.float32), table["names"].astype(str)
    if joints.ndim != 3 or joints.shape[1:] != (14, 3) or len(names) != len(joints):
        raise InputError(
            f"Expected joints (n, 14, 3) and n names, got {joints.shape} and {names.shape}: {tables[0]}"
        )
    position = np.where(joints[..., 2:] > 0, joints[..., :2], np.nan).astype(np.float32)
    return _pictures(root, names, position)


def _pictures(root: Path, names: np.ndarray, joints: np.ndarray) -> PosePictures:
    return PosePictures(names=names, joints=joints, read=_reader(root, names))


def _reader(root: Path, names: np.ndarray) -> Callable[[int], bytes]:
    """Find where the pictures are: a zip, a tar, or loose files."""
    for path in sorted(root.glob("*.zip")):
        inside = find(path, (Path(str(names[0])).suffix,))
        if str(names[0]) in inside:
            return lambda row: inside.read(str(names[row]))
    for path in sorted(root.glob("*.tar")):
        with tarfile.open(path, "r:") as tar:  # uncompressed, so a picture is a known range of bytes
            places = {Path(m.name).name: (m.offset_data, m.size) for m in tar.getmembers() if m.isfile()}
        if str(names[0]) in places:
            return lambda row: _range(path, *places[str(names[row])])
    for folder in (root, root / "images"):
        if (folder / str(names[0])).is_file():
            return lambda row: (folder / Path(str(names[row])).name).read_bytes()
    raise InputError(f"Expected the pictures in a .zip, a .tar or loose, got none holding {names[0]}: {root}")


def _range(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many pictures.
    """
    from bodyverb.datasets import _acted

    rows = []
    for at, one in enumerate(_acted.crops(rng, count, "lsp14")):
        one.save(folder / "images" / f"im{at + 1:05d}.jpg")
        rows.append(np.concatenate((np.nan_to_num(one.joints[0]) + 1, one.state[0, :, None] == 2), axis=1))
    lsp_mat.write(folder / "joints.mat", lsp_mat.LspJoints(stored=np.stack(rows), extended=True))
