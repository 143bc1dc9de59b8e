"""skeleton-image: a clip as one image, rows are joints, columns are time, colours are coordinates; ResNet-18.

The encoding of a project that converted NTU RGB+D (after Du, Fu and Wang, "Skeleton Based Action Recognition
with Convolutional Neural Network", ACPR 2015): the clip is moved so that the leading person's mid-spine is
the origin in the first frame that has it; one minimum and one maximum over all coordinates of the clip map
them to [0.2, 1]; the joints of the first person, then those of the second, are rows (Kinect-25 with two
people: 50); the image is resized to a square. Black is left to what is missing, since there is no fourth
colour. In 2D the third colour tells what is there.

ResNet-18 is that of He et al. (CVPR 2016): a convolution 7x7 and a maximum over 3x3, each with stride 2,
then Y = ReLU(norm(conv 3x3(ReLU(norm(conv 3x3(X))))) + X) twice in each of four stages, the mean over the
image, one linear layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb.core import Skeleton
from bodyverb.models._keypoints import in_order
from bodyverb.models._streams import FAR, TINY, check_fit, masked

CARD = {
    "name": "skeleton-image",
    "task": "verbs",
    "paper": "Du et al., Skeleton Based Action Recognition with Convolutional Neural Network (ACPR 2015); "
    "He et al., Deep Residual Learning for Image Recognition (CVPR 2016)",
    "input": "position (batch, person, time, joint, 2|3) with NaN, score (batch, person, time, joint), "
    "seconds (batch, time)",
    "output": "logits (batch, class)",
    "dims": (2, 3),
    "persons": (1, 2),
    "streams": (),
}

DARKEST = 0.2
"""What the smallest coordinate of a clip becomes."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Size of the network and of what it sees."""

    size: int = 224
    """Height and width of the image, px; may differ between training and use."""
    width: int = 64
    """Channels of the first stage; each further stage doubles them."""
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    """Residual blocks of each stage; each but the first halves the image."""
    dropout: float = 0.0
    """Dropout before the last layer; the original has none."""


SMALL = Config(size=32, width=8, blocks=(1, 1))
"""Small enough to try things out."""


def build(
    config: Config, skeleton: Skeleton, n_classes: int, *, dims: int = 3, persons: int = 1
) -> SkeletonImage:
    """Build the network for one joint layout.

    Args:
        config: sizes.
        skeleton: layout of the input joints.
        n_classes: number of verbs.
        dims: 2 or 3.
        persons: people of a clip; the rows of one who is absent are black.

    Raises:
        InputError: dims or persons are none of the card's.
    """
    check_fit(CARD, dims, persons)
    return SkeletonImage(config, skeleton, n_classes, persons)


class Image(nn.Module):
    """A clip as an image; see the module docstring."""

    centre: Tensor

    def __init__(self, skeleton: Skeleton, size: int, persons: int) -> None:
        super().__init__()
        self.size, self.persons = size, persons
        centre = torch.zeros(len(skeleton))
        joints = [skeleton.index("spine")] if "spine" in skeleton.joints else list(skeleton.root)
        centre[joints] = 1.0 / len(joints)
        self.register_buffer("centre", centre, persistent=False)

    def forward(self, position: Tensor, score: Tensor) -> Tensor:
        """Draw a batch.

        Args:
            position: (batch, person, time, joint, 2|3), NaN = missing.
            score: (batch, person, time, joint); 0 or NaN = missing.

        Returns:
            (batch, 3, size, size) in [0, 1]: rows are joints, columns time.
        """
        position, there = in_order(*masked(position, score), self.persons)
        position = position - self.origin(position[:, 0], there[:, 0])[:, None, None, None]
        low = torch.where(there > 0, position, FAR).amin(dim=(1, 2, 3, 4), keepdim=True)
        high = torch.where(there > 0, position, -FAR).amax(dim=(1, 2, 3, 4), keepdim=True)
        share = (position - low) / (high - low).clamp_min(TINY)
        colours = (DARKEST + (1.0 - DARKEST) * share) * there
        if position.shape[-1] == 2:
            colours = torch.cat([colours, there], dim=-1)
        rows = colours.permute(0, 4, 1, 3, 2).flatten(2, 3)
        return F.interpolate(rows, (self.size, self.size), mode="bilinear", align_corners=False)

    def origin(self, position: Tensor, there: Tensor) -> Tensor:
        """(batch, dims) where the mid-spine is in the first frame that has it; 0 where none has."""
        known = (there[..., 0] * self.centre).sum(dim=2) > 0.99
        at = known.to(torch.int64).argmax(dim=1)[:, None, None].expand(-1, 1, position.shape[-1])
        place = torch.einsum("btjd,j->btd", position, self.centre)
        return place.gather(1, at).squeeze(1) * known.any(dim=1, keepdim=True)


class SkeletonImage(nn.Module):
    """The network; see the module docstring."""

    def __init__(self, config: Config, skeleton: Skeleton, n_classes: int, persons: int) -> None:
        super().__init__()
        self.config = config
        self.image = Image(skeleton, config.size, persons)
        outputs = config.width
        parts: list[nn.Module] = [*conv2d(3, outputs, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        inputs = outputs
        for stage, count in enumerate(config.blocks):
            for number in range(count):
                parts.append(Basic(inputs, outputs, 2 if stage and number == 0 else 1))
                inputs = outputs
            outputs *= 2
        self.trunk = nn.Sequential(*parts)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(inputs, n_classes)

    def forward(self, position: Tensor, score: Tensor, seconds: Tensor) -> Tensor:
        """Classify a batch of clips.

        Args:
            position: (batch, person, time, joint, 2|3), any unit, NaN = missing.
            score: (batch, person, time, joint); 0 or NaN = missing.
            seconds: (batch, time); unused, frames are taken as evenly spaced.

        Returns:
            logits (batch, class).
        """
        x = self.trunk((self.image(position, score) - 0.5) / 0.25)  # about mean 0 and variance 1
        return self.classes(self.dropout(x.float().mean(dim=(2, 3))))


class Basic(nn.Module):
    """Two convolutions with a residual; see the module docstring."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*conv2d(inputs, outputs, 3, stride))
        self.second = nn.Sequential(*conv2d(outputs, outputs, 3, 1))
        same = inputs == outputs and stride == 1
        self.residual = nn.Identity() if same else nn.Sequential(*conv2d(inputs, outputs, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """Map (clip, inputs, y, x) to (clip, outputs, y, x), smaller by the stride."""
        return F.relu(self.second(F.relu(self.first(x))) + self.residual(x))


def conv2d(inputs: int, outputs: int, kernel: int, stride: int) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Convolution, padded to keep (with stride 2: to halve) the size, and batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv, nn.BatchNorm2d(outputs)
