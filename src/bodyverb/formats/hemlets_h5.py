"""The test set of HEMlets (`S_11_C_4_1.h5`): pictures of Human3.6M cut out around a person, with joints.

`images` (N, 256, 256, 3) uint8 BGR; `joints` (N, 18, 3): x and y in px of the cut-out, z 0 to 255 for depths
of -1 to 1 m about the pelvis; `joints3d_cam` (N, 32, 3) mm in the camera's frame; `trans` (N, 3) tx, ty and
scale: a point of the cut-out / scale + (tx, ty) is a point of the whole picture; `camid` (N, 3), the first
two being subject and camera. The pictures are every so many of a video; the files do not say how many.

Source of the form: the inference code of HEMlets (Zhou et al., ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _h5_file
from bodyverb.formats._format import Format, Given, Item, recording_of
from bodyverb.formats.files import replacing

SIDE_PX = 256
DEPTH_RANGE_MM = 2000.0
MAX_DEPTH_VALUE = 255.0
GUESSED_RATE_HZ = 50.0
_NUMBERS = "fiu"


@dataclass(frozen=True, kw_only=True, eq=False)
class HemletsFile:
    """One file of N pictures; the pictures themselves stay in it until asked for.

    Attributes:
        joints: (N, 18, 3) as stored.
        joints3d_cam: (N, 32, 3) mm.
        trans: (N, 3) tx, ty, scale.
        camid: (N, k) as stored; the first two are subject and camera.
        path: The file.
    """

    joints: np.ndarray
    joints3d_cam: np.ndarray
    trans: np.ndarray
    camid: np.ndarray
    path: Path

    def __len__(self) -> int:
        return len(self.joints)

    def image(self, at: int) -> np.ndarray:
        """(256, 256, 3) uint8 BGR: one picture, read now.

        Raises:
            InputError: There is no such picture.
            FormatError: The file is damaged.
        """
        if not 0 <= at < len(self):
            raise InputError(
                f"Expected a picture from 0 to {len(self) - 1}, got {at}; correct it: {self.path}"
            )
        with _h5_file.opened(self.path) as file:
            found = _h5_file.dataset(file, "images", (len(self), SIDE_PX, SIDE_PX, 3), "u", self.path)
            _h5_file.check_size(found, SIDE_PX * SIDE_PX * 3, self.path)
            picture: np.ndarray = found[at].astype(np.uint8)
        return picture

    def sequences(self) -> dict[str, PoseSequence]:
        """`image`: px of the cut-outs with the extra `depth_mm` (0 at the pelvis); `camera`: mm."""
        with np.errstate(all="ignore"):
            depth = ((self.joints[..., 2] / MAX_DEPTH_VALUE - 0.5) * DEPTH_RANGE_MM).astype(np.float32)
            flat = PoseSequence.from_arrays(
                self.joints[None, :, :, :2],
                skeleton=skeletons.get("hemlets18"),
                rate_hz=GUESSED_RATE_HZ,
                rate="unknown",
                image_size=(SIDE_PX, SIDE_PX),
                extras={"depth_mm": depth[None]},
                source=self.path.name,
            )
            solid = PoseSequence.from_arrays(
                self.joints3d_cam[None],
                skeleton=skeletons.get("h36m32"),
                rate_hz=GUESSED_RATE_HZ,
                rate="unknown",
                space="camera",
                unit="mm",
                source=self.path.name,
            )
        return {"image": flat, "camera": solid}

    def in_picture(self) -> np.ndarray:
        """(N, 18, 2) float64: the joints in px of the whole picture; not finite where the scale is 0."""
        with np.errstate(all="ignore"):
            return self.joints[..., :2] / self.trans[:, None, 2:] + self.trans[:, None, :2]


def read(path: str | Path) -> HemletsFile:
    """Read all but the pictures.

    Raises:
        FormatError: The file is absent or damaged, or a dataset is missing, of another shape, too large for
            the file or elsewhere.
    """
    path = Path(path)
    with _h5_file.opened(path) as file:
        pictures = _h5_file.dataset(file, "images", (None, SIDE_PX, SIDE_PX, 3), "u", path).shape[0]
        return HemletsFile(
            joints=_h5_file.array(file, "joints", (pictures, 18, 3), _NUMBERS, path).astype(np.float64),
            joints3d_cam=_h5_file.array(file, "joints3d_cam", (pictures, 32, 3), _NUMBERS, path),
            trans=_h5_file.array(file, "trans", (pictures, 3), _NUMBERS, path).astype(np.float64),
            camid=_h5_file.array(file, "camid", (pictures, None), _NUMBERS, path),
            path=path,
        )


def write(path: str | Path, file: HemletsFile, images: np.ndarray) -> Path:
    """Write a file with its pictures (N, 256, 256, 3) uint8 BGR; `read` gives the same numbers back.

    Raises:
        InputError: There are other pictures than joints.
        OutputError: The file cannot be written.
    """
    if images.shape != (len(file), SIDE_PX, SIDE_PX, 3) or images.dtype != np.uint8:
        raise InputError(
            f"Expected {len(file)} pictures {SIDE_PX} x {SIDE_PX} x 3 of uint8, got {images.dtype} "
            f"{images.shape}; resize them"
        )
    with replacing(path) as temporary, h5py.File(temporary, "w") as out:
        out.create_dataset("images", data=images)
        for name in ("joints", "joints3d_cam", "trans", "camid"):
            out.create_dataset(name, data=getattr(file, name))
    return Path(path)


def _recordings(path: Path, given: Given) -> Iterator[Item]:
    poses = read(path).sequences()[given.space or "image"]
    rate_hz = given.rate_hz or given.wanted_rate_hz
    if rate_hz is not None:
        poses = poses.replace(timestamps_s=np.arange(poses.frames) / rate_hz, rate="nominal")
    yield path.stem, recording_of(poses)


def _looks(path: Path, head: bytes) -> bool:
    try:
        with _h5_file.opened(path) as file:
            return "joints3d_cam" in file and "trans" in file
    except FormatError:
        return False


FORMAT = Format(
    name="hemlets",
    title="HEMlets test pictures of Human3.6M",
    suffixes=(".h5",),
    says=frozenset({"layout", "unit", "axes", "image size"}),
    extras=("depth_mm",),
    read=_recordings,
    looks=_looks,
    spaces=("image", "camera"),
)
