"""People of MPII Human Pose, as both of its forms hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb import skeletons
from bodyverb.core import PoseSequence, Recording, Sample
from bodyverb.core.pose import Rate
from bodyverb.formats._pictures import Found, recording_of_pictures

JOINTS = 16
BODY_PX = 200.0


@dataclass(frozen=True, kw_only=True, eq=False)
class MpiiPeople:
    """N people, each marked in one picture; px from 0, the centre of the first pixel.

    Attributes:
        images: N file names of pictures.
        number: (N,) int64: which person of its picture, from 0.
        joints: (N, 16, 2) float64 px; NaN where not marked.
        state: (N, 16) uint8: 0 not marked, 1 marked as not visible, 2 seen.
        center: (N, 2) float64 px: rough middle of the person; NaN where unknown.
        scale: (N,) float64: height of the person / 200 px; NaN where unknown.
        head: (N, 4) float64 x1 y1 x2 y2 px: box of the head, whose diagonal PCKh is relative to; or NaN.
        train: (N,) bool: whether the picture belongs to the official training part.
        single: (N,) bool: whether the person stands far enough from the others.
        activity: N names of what happens in the picture; empty where unknown.
        source: Name of the file.
    """

    images: tuple[str, ...]
    number: np.ndarray
    joints: np.ndarray
    state: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    head: np.ndarray
    train: np.ndarray
    single: np.ndarray
    activity: tuple[str, ...]
    source: str = ""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def boxes(self) -> np.ndarray:
        """(N, 4) float64: the square as high as the person around the middle; x1 y1 x2 y2 px, or NaN."""
        half = (np.where(self.scale > 0, self.scale, np.nan) * BODY_PX / 2)[:, None]
        return np.concatenate([self.center - half, self.center + half], axis=1)

    def recording(self, rate_hz: float, rate: Rate, name: str) -> Recording:
        """Everybody as one recording: a frame a picture, in the order of the file; people are ranks."""
        places = {image: at for at, image in enumerate(dict.fromkeys(self.images))}
        found = Found(
            frame=np.array([places[image] for image in self.images], np.int64),
            position=self.joints,
            state=self.state,
            box=self.boxes,
        )
        layout = skeletons.get("mpii16")
        return recording_of_pictures(
            found, len(places), skeleton=layout, rate_hz=rate_hz, rate=rate, source=name
        )

    def sample(self, at: int) -> Sample:
        """One person as a picture with one pose; without a box where middle or scale are unknown."""
        box = self.boxes[at][None]
        known = bool(np.isfinite(box).all())
        poses = PoseSequence.from_arrays(
            self.joints[at][None, None],
            skeleton=skeletons.get("mpii16"),
            rate_hz=1.0,
            rate="unknown",
            state=self.state[at][None, None],
            box=box[None] if known else None,
            source=self.images[at],
        )
        return Sample(
            id=f"{self.images[at]}#{self.number[at]}",
            image=self.images[at],
            boxes=box if known else np.zeros((0, 4), np.float32),
            poses=poses if known else None,
            meta={"scale": float(self.scale[at]), "activity": self.activity[at]},
        )
