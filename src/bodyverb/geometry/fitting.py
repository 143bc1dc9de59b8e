"""A Kinect v2 infrared camera from pairs of 3D joints and their pixels, found without a start.

With rays X = x/z, Y = -y/z and r2 = X^2 + Y^2 the model u = f X D + cx, v = f Y D + cy, D = 1 + k1 r2 + k2
r2^2 + k3 r2^3, is linear in q = (f, f k1, f k2, f k3, cx, cy). Bad pairs fall to a trimmed pinhole first and
to the spread of the rest then. Where people stand in the middle of the picture, the pairs say little of k3,
and the rim of the picture would go where it likes. Lenses that are known serve as priors: each of the two
sensors of NTU RGB+D, others like them, and any Kinect v2; the pairs choose between them by evidence, and the
standard errors hold all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyverb.core import InputError
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.diagnosis import MIN_PAIRS, diagnose
from bodyverb.geometry.known_cameras import CAMERAS, IR_SIZE, kinect_ir

NAMES = ("f", "cx", "cy", "k1", "k2", "k3")
SENSORS = ("ntu-a", "ntu-b")
Prior = tuple[float, tuple[float, float], tuple[float, float]]
PRIORS: tuple[Prior, ...] = (
    *((0.2, (CAMERAS[name].distortion[1], 2e-4), (CAMERAS[name].distortion[4], 2e-4)) for name in SENSORS),
    (0.5, (-0.26676, 0.002), (0.0897, 0.0006)),
    (0.1, (-0.2675, 0.004), (0.0925, 0.004)),
)
"""Weight, mean and sd of k2, mean and sd of k3: each known sensor, one like them, and, last, any."""
TYPICAL_F = 365.0
MAX_RESIDUAL_PX = 2.0
MAX_BORDER_SD_PX = 6.0
_KEEP_SIGMAS = 6.0
_LEAST_SIGMA_PX = 1e-5
_START_PX = 3.0
_ROUNDS = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraFit:
    """A fitted camera and how far to trust it.

    Attributes:
        camera: The camera.
        sd: Standard error by parameter, px and pure numbers (rotation in radians, translation in metres).
        border_sd_px: The largest standard error of a pixel along the border of the picture.
        residual_px: (N,) distances of the pairs that were kept.
        used: How many pairs were kept.
        left_out: How many were no pairs: NaN, zero, untracked, behind the sensor.
        bad: How many were pairs that fit nothing.
    """

    camera: Camera
    sd: dict[str, float]
    border_sd_px: float
    residual_px: np.ndarray
    used: int
    left_out: int
    bad: int


def usable(points: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(N,) bool: which rows of points (N, 3) and pixels (N, 2) are pairs: finite, not all zero, ahead."""
    known = np.isfinite(points).all(axis=1) & np.isfinite(pixels).all(axis=1)
    return known & (points != 0).any(axis=1) & (pixels != 0).any(axis=1) & (points[:, 2] > 0)


def fit_ir(points: np.ndarray, pixels: np.ndarray) -> CameraFit:
    """Fit the infrared camera of one sensor.

    Args:
        points: (N, 3) metres, `kinect` axes. NaN and zero rows are left out.
        pixels: (N, 2) px of the stored 512 x 424 picture.

    Raises:
        InputError: There are too few pairs, they say too little (one depth, one place), or they are none of
            a Kinect v2: the message names what is mirrored, swapped or scaled, or that there are two sensors.
    """
    points, pixels = np.asarray(points, np.float64), np.asarray(pixels, np.float64)
    good = usable(points, pixels)
    left_out, points, pixels = int((~good).sum()), points[good], pixels[good]
    trouble = diagnose(points, pixels, TYPICAL_F, color=False)
    if trouble:
        raise InputError(trouble)
    rays = points[:, :2] / points[:, 2:] * (1, -1)
    rows, wanted = _rows(rays), pixels.T.ravel()
    keep = _start(rays, pixels)
    for _ in range(_ROUNDS):
        solution, sigma = _solve(rows, wanted, np.tile(keep, 2))
        away = np.hypot(*(wanted - rows @ solution.q).reshape(2, -1))
        before, keep = keep, away < _KEEP_SIGMAS * sigma
        if np.array_equal(before, keep):
            break
    _check(points, pixels, keep, away, solution)
    f, k1, k2, k3, cx, cy = solution.q / np.array([1, *[solution.q[0]] * 3, 1, 1])
    return CameraFit(
        camera=kinect_ir(f, cx, cy, k1, k2, k3),
        sd=dict(zip(NAMES, _parameter_sd(solution).tolist(), strict=True)),
        border_sd_px=_border_sd(solution.covariance, solution.q),
        residual_px=away[keep],
        used=int(keep.sum()),
        left_out=left_out,
        bad=int((~keep).sum()),
    )


def fit_pinhole(points: np.ndarray, pixels: np.ndarray) -> Camera:
    """The pinhole without a lens that is nearest to pairs (N, 3) and (N, 2), in least squares; to compare."""
    good = usable(points, pixels)
    rays, pixels = points[good, :2] / points[good, 2:] * (1, -1), pixels[good]
    ray, pixel = rays - rays.mean(axis=0), pixels - pixels.mean(axis=0)
    f = float((ray * pixel).sum() / (ray**2).sum())
    cx, cy = pixels.mean(axis=0) - f * rays.mean(axis=0)
    return kinect_ir(f, float(cx), float(cy), 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Solution:
    """q (6,), its covariance (6, 6) over all priors, and that of the widest alone."""

    q: np.ndarray
    covariance: np.ndarray
    wide: np.ndarray


def _rows(rays: np.ndarray) -> np.ndarray:
    """(2 N, 6) what q is multiplied with: first all u, then all v."""
    square = (rays**2).sum(axis=1)
    powers = np.stack([np.ones_like(square), square, square**2, square**3], axis=1)
    one, none = np.ones((len(rays), 1)), np.zeros((len(rays), 1))
    return np.concatenate(
        (np.hstack((rays[:, :1] * powers, one, none)), np.hstack((rays[:, 1:] * powers, none, one)))
    )


def _start(rays: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(N,) bool: pairs near the best trimmed pinhole: many drawn from two pairs each, the best refined."""
    rng = np.random.default_rng(0)
    some = rng.permutation(len(rays))[:1500]
    first, second = some[rng.integers(len(some), size=(2, 300))]
    apart, moved = rays[first] - rays[second], pixels[first] - pixels[second]
    with np.errstate(divide="ignore", invalid="ignore"):
        f = (apart * moved).sum(axis=1) / (apart**2).sum(axis=1)
    centre = pixels[first] - f[:, None] * rays[first]
    off = np.linalg.norm(f[:, None, None] * rays[some] + centre[:, None] - pixels[some], axis=2)
    middle = np.nan_to_num(np.median(off, axis=1), nan=np.inf)
    best = int(middle.argmin())
    away = np.linalg.norm(f[best] * rays + centre[best] - pixels, axis=1)
    for _ in range(_ROUNDS):
        near = away <= np.median(away)
        mean_ray, mean_pixel = rays[near].mean(axis=0), pixels[near].mean(axis=0)
        ray, pixel = rays[near] - mean_ray, pixels[near] - mean_pixel
        focal = (ray * pixel).sum() / (ray**2).sum()
        away = np.linalg.norm(focal * (rays - mean_ray) + mean_pixel - pixels, axis=1)
    return away < max(_START_PX, 2 * float(np.median(away)))


def _solve(rows: np.ndarray, wanted: np.ndarray, keep: np.ndarray) -> tuple[_Solution, float]:
    """The solution from the pairs kept, and the spread of a pixel, robust."""
    rows, wanted = rows[keep], wanted[keep]
    gram, aim = rows.T @ rows, rows.T @ wanted
    rough = np.linalg.lstsq(*_with_prior(gram, aim, PRIORS[-1], 1e-3), rcond=None)[0]
    sigma = max(1.4826 * float(np.median(np.abs(wanted - rows @ rough))), _LEAST_SIGMA_PX)
    found, evidence = [], []
    for prior in PRIORS:
        precision, pull = _with_prior(gram, aim, prior, sigma)
        q = np.linalg.solve(precision, pull)
        misfit = ((wanted - rows @ q) ** 2).sum() / sigma**2 + ((_prior_rows(prior) @ q) ** 2).sum()
        width = prior[1][1] * prior[2][1]
        evidence.append(np.log(prior[0] / width) - 0.5 * (misfit + np.linalg.slogdet(precision)[1]))
        found.append((q, np.linalg.inv(precision)))
    share = np.exp(np.array(evidence) - max(evidence))
    share /= share.sum()
    best = found[int(share.argmax())][0]
    covariance = np.zeros((6, 6))
    for part, (q, inner) in zip(share, found, strict=True):
        covariance += part * (inner + np.outer(q - best, q - best))
    return _Solution(q=best, covariance=covariance, wide=found[-1][1]), sigma * float(np.sqrt(2))


def _prior_rows(prior: Prior) -> np.ndarray:
    """(2, 6) rows whose product with q should be 0, give or take 1."""
    (_, (k2, k2_sd), (k3, k3_sd)) = prior
    rows = np.array([[-k2, 0, 1, 0, 0, 0], [-k3, 0, 0, 1, 0, 0]]) / TYPICAL_F
    return rows / np.array([[k2_sd], [k3_sd]])


def _with_prior(
    gram: np.ndarray, aim: np.ndarray, prior: Prior, sigma: float
) -> tuple[np.ndarray, np.ndarray]:
    """The normal equations of pairs with this spread and of the prior."""
    rows = _prior_rows(prior)
    return gram / sigma**2 + rows.T @ rows, aim / sigma**2


def _parameter_sd(solution: _Solution) -> np.ndarray:
    """(6,) standard errors in the order of `NAMES`."""
    f = solution.q[0]
    slope = np.zeros((6, 6))
    slope[0, 0] = slope[1, 4] = slope[2, 5] = 1
    for row in (1, 2, 3):
        slope[row + 2, row], slope[row + 2, 0] = 1 / f, -solution.q[row] / f**2
    variance: np.ndarray = np.einsum("ij,jk,ik->i", slope, solution.covariance, slope)
    return np.sqrt(variance)


def _border_sd(covariance: np.ndarray, q: np.ndarray) -> float:
    """The largest standard error of a pixel along the border, px; infinite where a pixel has no ray."""
    width, height = IR_SIZE
    along, down = np.linspace(0, width - 1, 33), np.linspace(0, height - 1, 33)
    edge = [np.stack((along, np.full(33, y)), axis=1) for y in (0, height - 1)]
    edge += [np.stack((np.full(33, x), down), axis=1) for x in (0, width - 1)]
    f = q[0]
    if not f > 0:
        return float("inf")
    rays = kinect_ir(f, q[4], q[5], q[1] / f, q[2] / f, q[3] / f).rays(np.concatenate(edge))
    if np.isnan(rays).any():
        return float("inf")
    rows = _rows(rays)
    variance = np.einsum("ij,jk,ik->i", rows, covariance, rows).reshape(2, -1).sum(axis=0)
    return float(np.sqrt(variance.max()))


def _check(
    points: np.ndarray, pixels: np.ndarray, keep: np.ndarray, away: np.ndarray, solution: _Solution
) -> None:
    """Raise InputError where the solution must not be believed."""
    middle = float(np.median(away[keep])) if keep.any() else float("inf")
    if keep.sum() < max(MIN_PAIRS, 0.5 * len(keep)) or middle > MAX_RESIDUAL_PX:
        raise InputError(
            f"Expected pairs that a Kinect v2 could have made, got {keep.mean():.0%} of them within "
            f"{2 * middle:.2g} px of the best camera; check that points and pixels belong together"
        )
    border = _border_sd(solution.wide, solution.q)
    if border > MAX_BORDER_SD_PX:
        raise InputError(
            f"Expected joints over much of the picture, got a patch that leaves its border uncertain by "
            f"{border:.2g} px; add files in which people move about"
        )
    if not keep.all() and (~keep).mean() > 0.1 and _other_camera(points[~keep], pixels[~keep]):
        raise InputError(
            f"Expected pairs of one sensor, got two: {(~keep).mean():.0%} of the pairs fit another camera; "
            "fit them apart, by file"
        )


def _other_camera(points: np.ndarray, pixels: np.ndarray) -> bool:
    """Whether most of what the first camera left over agrees with another one."""
    rays = points[:, :2] / points[:, 2:] * (1, -1)
    near = _start(rays, pixels)
    if near.sum() < max(MIN_PAIRS, 0.5 * len(near)):
        return False
    rows, wanted = _rows(rays), pixels.T.ravel()
    solution, sigma = _solve(rows, wanted, np.tile(near, 2))
    return sigma < 0.5 and abs(solution.q[0] / TYPICAL_F - 1) < 0.1
