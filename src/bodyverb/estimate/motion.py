"""How one tracked body moves: a Kalman filter for the body, a random walk for each joint round it.

The state is a centre with a velocity (constant velocity, slowly damped, white acceleration) and one
offset a joint. A measured pose is split the same way: the shift common to its joints (a robust mean,
so that a few wild joints do not drag the body along) corrects centre and velocity, what is left
corrects the offsets. Through an occlusion the whole body coasts on its velocity while the limbs keep
their last shape: limbs that each coast on their own would tear the body apart within half a second.

All noise levels are fractions of the body's size in px (the longer side of its box), all times are
seconds of the source, so one set of numbers serves every frame rate and picture size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodyverb.geometry.boxes import box_of_pose

__all__ = ["Body", "MotionModel", "Prediction", "robust_shift"]


@dataclass(frozen=True, kw_only=True)
class MotionModel:
    """Noise levels of the filter, in body sizes and seconds."""

    measure: float = 0.03
    """Noise of the measured centre (sd)."""
    joint: float = 0.045
    """Noise of one measured joint (sd) at score 1."""
    acceleration: float = 0.8
    """Random change of the velocity, body sizes / s per square root of a second."""
    damping_s: float = 2.0
    """Time after which an unseen body has lost 63 % of its speed."""
    limb: float = 0.6
    """Random walk of a joint round the centre, body sizes per square root of a second."""
    limb_max: float = 0.25
    """The uncertainty of a joint round the centre never exceeds this (a body stays a body)."""
    start_speed: float = 0.6
    """Uncertainty of the speed of a new body (sd)."""
    max_speed: float = 8.0
    """Speed limit, body sizes / s."""
    min_joint_score: float = 0.15
    """Joints below this do not shape the box."""


@dataclass(frozen=True)
class Prediction:
    """Where a body should be at one time.

    `centre` (2,) px, `velocity` (2,) px/s, `covariance` (2, 2) of position and speed along one axis (px,
    px/s), `spread` (J,) variance of each joint round the centre in px^2, `box` (4,) xyxy px.
    """

    centre: np.ndarray
    velocity: np.ndarray
    covariance: np.ndarray
    spread: np.ndarray
    box: np.ndarray


def robust_shift(difference: np.ndarray, weight: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """The displacement that most joints share: a weighted mean, re-weighted against outliers.

    Args:
        difference: (..., J, 2) px, finite.
        weight: (..., J), zero for joints to leave out.
        width: (...) px; joints further than this from the common shift count less and less.

    Returns:
        (..., 2) px; zero where no joint has weight.
    """
    scale = np.asarray(width, dtype=np.float64)[..., None] ** 2 + 1e-12
    w = weight
    for _ in range(4):
        total = w.sum(axis=-1)
        shift = (w[..., None] * difference).sum(axis=-2) / np.where(total > 0, total, 1.0)[..., None]
        away = ((difference - shift[..., None, :]) ** 2).sum(axis=-1)
        w = weight / (1 + away / scale)
    return shift


@dataclass
class Body:
    """The filter state of one body. Create with `Body.start`."""

    model: MotionModel
    time_s: float
    centre: np.ndarray
    velocity: np.ndarray
    covariance: np.ndarray
    offset: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    extent: np.ndarray
    size: float

    @classmethod
    def start(cls, model: MotionModel, time_s: float, position: np.ndarray, score: np.ndarray) -> Body:
        """A body at rest where it was first seen.

        Args:
            model: noise levels.
            time_s: source time in s.
            position: (J, 2) px, NaN = absent; at least two joints finite.
            score: (J,) in [0, 1], 0 where absent.
        """
        box = _pose_box(model, position, score)
        size = max(float((box[2:] - box[:2]).max()), 1.0)
        centre = (box[:2] + box[2:]) / 2
        return cls(
            model=model,
            time_s=float(time_s),
            centre=centre,
            velocity=np.zeros(2),
            covariance=np.diag([(model.measure * size) ** 2, (model.start_speed * size) ** 2]),
            offset=position.astype(np.float64) - centre,
            spread=np.where(np.isfinite(position).all(axis=1), model.joint, model.limb_max) ** 2 * size**2,
            weight=score.astype(np.float64),
            extent=np.concatenate([centre - box[:2], box[2:] - centre]),
            size=size,
        )

    def predict(self, time_s: float) -> Prediction:
        """The body at `time_s` (s, source time); times before the last measurement count as the last one."""
        m, dt = self.model, max(float(time_s) - self.time_s, 0.0)
        decay = float(np.exp(-dt / m.damping_s))
        travel = m.damping_s * (1 - decay)
        step = np.array([[1.0, travel], [0.0, decay]])
        power = (m.acceleration * self.size) ** 2
        noise = power * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        centre = self.centre + self.velocity * travel
        spread = np.minimum(self.spread + (m.limb * self.size) ** 2 * dt, (m.limb_max * self.size) ** 2)
        return Prediction(
            centre=centre,
            velocity=self.velocity * decay,
            covariance=step @ self.covariance @ step.T + noise,
            spread=spread,
            box=np.concatenate([centre - self.extent[:2], centre + self.extent[2:]]),
        )

    def update(self, time_s: float, position: np.ndarray, score: np.ndarray) -> None:
        """Correct the state with a pose measured at `time_s`; shapes as in `start`."""
        p, m = self.predict(time_s), self.model
        known = np.isfinite(position).all(axis=1)
        target = np.where(known[:, None], position, 0.0)
        shared = known & np.isfinite(self.offset).all(axis=1)
        difference = np.where(shared[:, None], target - p.centre - np.nan_to_num(self.offset), 0.0)
        weight = np.where(shared, score, 0.0)
        box = _pose_box(m, position, score)
        if weight.sum() > 1e-6:
            shift = robust_shift(difference, weight, 2 * m.joint * self.size)
        else:
            shift = (box[:2] + box[2:]) / 2 - (p.box[:2] + p.box[2:]) / 2
        variance = centre_noise(m, weight) * self.size**2
        gain = p.covariance[:, 0] / (p.covariance[0, 0] + variance)
        self.centre = p.centre + gain[0] * shift
        velocity = p.velocity + gain[1] * shift
        speed = float(np.hypot(*velocity)) / (m.max_speed * self.size)
        self.velocity = velocity / max(speed, 1.0)
        self.covariance = p.covariance - np.outer(gain, p.covariance[0])
        self._update_shape(p, target, score, known, shared)
        self._update_size(max(float(time_s) - self.time_s, 0.0), box)
        self.time_s = max(float(time_s), self.time_s)

    def _update_shape(
        self, p: Prediction, target: np.ndarray, score: np.ndarray, known: np.ndarray, shared: np.ndarray
    ) -> None:
        noise = (self.model.joint * self.size / np.maximum(score, 0.1)) ** 2
        gain = np.where(shared, p.spread / (p.spread + noise), 1.0)
        old = np.where(shared[:, None], self.offset, 0.0)
        new = old + gain[:, None] * (target - self.centre - old)
        self.offset = np.where(known[:, None], new, self.offset)
        self.spread = np.where(known, np.where(shared, (1 - gain) * p.spread, noise), p.spread)
        self.weight = self.weight + 0.5 * (np.where(known, score, 0.0) - self.weight)

    def _update_size(self, dt: float, box: np.ndarray) -> None:
        """The box opens at once and closes slowly: a lost foot must not be cropped away for good."""
        seen = np.concatenate([self.centre - box[:2], box[2:] - self.centre])
        rate = np.where(seen > self.extent, 1 - np.exp(-dt / 0.05), 1 - np.exp(-dt / 0.4))
        self.extent = self.extent + rate * (seen - self.extent)
        size = float((box[2:] - box[:2]).max())
        self.size = max(self.size + (1 - float(np.exp(-dt / 0.5))) * (size - self.size), 1.0)

    def to_dict(self) -> dict[str, Any]:
        """The state as JSON values (unknown offsets as None); exact for float64."""
        arrays = ("centre", "velocity", "covariance", "spread", "weight", "extent")
        out: dict[str, Any] = {name: getattr(self, name).tolist() for name in arrays}
        out["offset"] = [[None if np.isnan(v) else v for v in row] for row in self.offset.tolist()]
        return {**out, "time_s": self.time_s, "size": self.size}

    @classmethod
    def from_dict(cls, model: MotionModel, state: Mapping[str, Any]) -> Body:
        """The inverse of `to_dict`."""
        arrays = {k: np.array(v, dtype=np.float64) for k, v in state.items() if k not in ("time_s", "size")}
        return cls(model=model, time_s=float(state["time_s"]), size=float(state["size"]), **arrays)


def centre_noise(model: MotionModel, weight: np.ndarray) -> np.ndarray:
    """Variance of a measured centre in squared body sizes; weights (..., J): few joints, more noise."""
    return np.asarray(model.measure**2 * np.maximum(1.0, 6.0 / np.maximum(weight.sum(axis=-1), 0.5)))


def _pose_box(model: MotionModel, position: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(4,) box of the joints that are not mere guesses, or of all of them where too few are left."""
    box = box_of_pose(position, score, min_score=model.min_joint_score)
    return box if np.isfinite(box).all() else box_of_pose(position)
