"""Settings of the augmentations of skeleton clips. No torch here: a command's `--help` needs none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bodyverb.core import InputError
from bodyverb.train.settings import expect_range


@dataclass(frozen=True, kw_only=True)
class Affine:
    """Another view and another body: random linear maps of whole clips."""

    yaw_deg: float = 180.0
    """Largest turn about the vertical (3D)."""
    tilt_deg: float = 8.0
    """Standard deviation of the turns about the other axes (3D), of the roll (2D)."""
    scale: float = 0.1
    """Standard deviation of the logarithm of the scale of each axis."""
    shear: float = 0.05
    """Standard deviation of the shear of each axis along each other."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        expect_range(self, "augment.affine.", ("yaw_deg", "tilt_deg", "scale", "shear"), 0, math.inf)


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """The clip in a mirror: left and right change places."""

    chance: float = 0.5
    """Share of clips."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        expect_range(self, "augment.mirror.", ("chance",), 0, 1)


@dataclass(frozen=True, kw_only=True)
class Spoil:
    """What sensors and pose networks do; distances count in spreads of the clip's joints about their mean."""

    noise: float = 0.02
    """Standard deviation of every coordinate at every moment."""
    offset: float = 0.03
    """Standard deviation of a shift that a joint keeps through the clip."""
    joints: float = 0.05
    """Share of joints missing through the clip in a spoilt clip."""
    frames: float = 0.1
    """Share of moments without anybody in a spoilt clip."""
    chance: float = 0.3
    """Share of clips that lose joints, and share that lose moments."""
    limb: float = 0.0
    """Share of clips that lose an arm, a leg, a part of one, or the head."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        expect_range(self, "augment.spoil.", ("noise", "offset"), 0, math.inf)
        expect_range(self, "augment.spoil.", ("joints", "frames", "chance", "limb"), 0, 1)


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A part of the picture (2D): what lies outside of a random window is missing."""

    area: float = 1.0
    """Smallest share of the area that the window keeps; 1 keeps everything. The heatmap networks were
    published with 0.56."""
    aspect: float = 4 / 3
    """Largest ratio of the window's sides to those of the box."""
    room: float = 0.25
    """Room round the box of the clip that the window lies in, as a share of it."""

    def __post_init__(self) -> None:
        """Check the window.

        Raises:
            InputError: there is no such window.
        """
        if not (0 < self.area <= 1 and self.aspect >= 1 and self.room >= 0):
            got = f"{self.area:g}, {self.aspect:g} and {self.room:g}"
            raise InputError(
                f"Expected crop.area above 0 up to 1, crop.aspect of 1 or more and crop.room of 0 or more, "
                f"got {got}; correct them"
            )


@dataclass(frozen=True, kw_only=True)
class Augment:
    """What happens to a clip in training."""

    affine: Affine = field(default_factory=Affine)
    """Another view and another body."""
    mirror: Mirror = field(default_factory=Mirror)
    """Left and right exchanged."""
    crop: Crop = field(default_factory=Crop)
    """A part of the picture."""
    spoil: Spoil = field(default_factory=Spoil)
    """Noise and missing joints."""
    speed: float = 0.4
    """Standard deviation of the logarithm of the factor on a clip's seconds."""
    mix: float = 0.0
    """Mix-up (Zhang et al. 2018): parameter of the beta distribution; 0 mixes nothing."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one that means nothing.
        """
        expect_range(self, "augment.", ("speed", "mix"), 0, math.inf)
