"""The augmentations of skeleton clips, one after the other, on the training device; a seed replays them."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from bodyverb.core import Skeleton
from bodyverb.train.augment.affine import affine, matrices
from bodyverb.train.augment.crop import crop
from bodyverb.train.augment.mirror import mirror
from bodyverb.train.augment.settings import Augment
from bodyverb.train.augment.spoil import parts, spoil

Mixed = tuple[Tensor, Tensor]
"""Row of each clip's partner (batch,), and the share (batch,) of the clip itself."""


class Augmenter:
    """Augmentations of one layout."""

    def __init__(self, settings: Augment, skeleton: Skeleton) -> None:
        self.settings = settings
        self.flip = torch.tensor(skeleton.flip)
        self.limbs = parts(skeleton.joints)

    def __call__(
        self, position: Tensor, score: Tensor, seconds: Tensor, seed: int
    ) -> tuple[Tensor, Tensor, Tensor, Mixed | None]:
        """Changes a batch.

        Args:
            position: (batch, person, time, joint, 2|3), NaN = missing.
            score: (batch, person, time, joint).
            seconds: (batch, time).
            seed: of all draws.

        Returns:
            The same three, and who was mixed with whom where `mix` is set.
        """
        with torch.autocast(position.device.type, enabled=False):  # a turn in bfloat16 moves joints
            return self._changed(position, score, seconds, seed)

    def _changed(
        self, position: Tensor, score: Tensor, seconds: Tensor, seed: int
    ) -> tuple[Tensor, Tensor, Tensor, Mixed | None]:
        settings, device = self.settings, position.device
        generator = torch.Generator(device)
        generator.manual_seed(seed)
        maps = matrices(len(position), position.shape[-1], settings.affine, generator)
        position = affine(position, maps)
        position, score = mirror(position, score, self.flip.to(device), settings.mirror, generator)
        if settings.crop.area < 1 and position.shape[-1] == 2:
            position = crop(position, settings.crop, generator)
        position = spoil(position, self.limbs.to(device), settings.spoil, generator)
        factor = torch.randn(len(seconds), 1, device=device, generator=generator)
        seconds = seconds * torch.exp(settings.speed * factor)
        if not settings.mix:
            return position, score, seconds, None
        return (*_mix(position, score, seconds, settings.mix, generator),)


def _mix(
    position: Tensor, score: Tensor, seconds: Tensor, beta: float, generator: Generator
) -> tuple[Tensor, Tensor, Tensor, Mixed]:
    """Each clip and another one, in a random proportion; a joint is there where both have it."""
    rows, device = len(position), position.device
    drawn = torch._standard_gamma(torch.full((2, rows), beta, device=device), generator=generator)
    share = (drawn[0] / drawn.sum(0).clamp_min(1e-12)).to(position.dtype)
    other = torch.randperm(rows, device=device, generator=generator)
    weight = share.view(-1, 1, 1, 1, 1)
    position = weight * position + (1 - weight) * position[other]
    seconds = share[:, None] * seconds + (1 - share[:, None]) * seconds[other]
    return position, torch.minimum(score, score[other]), seconds, (other, share)
