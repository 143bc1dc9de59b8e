"""Measure the projection: points a second beside OpenCV, and cameras fitted to one file. Prints only.

python bench/projection.py [--points N] [--turns N]
python bench/projection.py --ntu FOLDER      each file against the others of its sensor and the known cameras
python bench/projection.py --pku FOLDER      3 s of PKU-MMD at a time, through ntu-a and ntu-b in seven digits
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from bodyverb.core import InputError
from bodyverb.datasets import pku_mmd
from bodyverb.formats import ntu_skeleton
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.fitting import NAMES, SENSORS, CameraFit, fit_ir
from bodyverb.geometry.fitting_color import fit_color
from bodyverb.geometry.flat_poses import metres
from bodyverb.geometry.known_cameras import CAMERAS

MATRIX = np.array([[1145.0, 0, 512.5], [0, 1143.7, 515.4], [0, 0, 1]])
LENSES = {
    "radial, as a Kinect": (0.0935, -0.2679, 0, 0, 0.0893),
    "radial and tangential, as Human3.6M": (-0.2, 0.24, -0.0009, -0.0016, -0.003),
}
TURN = cv2.Rodrigues(np.array([0.1, -0.2, 0.05]))[0]
SHIFT = np.array([0.1, -0.2, 0.3])
STRETCH = 90
"""Frames of PKU-MMD that are taken for a file."""


def seconds(act: Callable[[], object]) -> float:
    """Processor time of one call."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def speed(count: int, turns: int) -> None:
    """Points a second beside OpenCV."""
    cv2.setNumThreads(1)
    points = np.random.default_rng(0).normal(size=(count, 3)) * (1, 1, 0.3) + (0, 0, 4)
    for words, lens in LENSES.items():
        for place, (turn, shift) in {"": (np.eye(3), np.zeros(3)), ", placed": (TURN, SHIFT)}.items():
            camera = Camera.from_opencv(MATRIX, lens, rotation=turn, translation=shift)
            vector, lens_array = cv2.Rodrigues(turn)[0], np.array(lens, float)

            def theirs(vector=vector, shift=shift, lens=lens_array) -> np.ndarray:
                return cv2.projectPoints(points, vector, shift, MATRIX, lens)[0][:, 0]

            def ours(camera=camera) -> np.ndarray:
                return camera.project(points)

            apart = float(np.abs(ours() - theirs()).max())
            both = [(seconds(ours), seconds(theirs)) for _ in range(turns)]
            ratios = [slow / quick for quick, slow in both]
            mine = statistics.median(quick for quick, _ in both) / count * 1e9
            print(
                f"{words}{place}: {mine:.1f} ns a point, {statistics.median(ratios):.1f} times the points a "
                f"second of cv2.projectPoints {cv2.__version__} ({min(ratios):.1f} to {max(ratios):.1f}); "
                f"at most {apart:.1e} px apart"
            )


def picture_apart(one: Camera, other: Camera) -> np.ndarray:
    """Distances px of two cameras at every pixel of the infrared picture."""
    pixels = np.stack(np.meshgrid(np.arange(512), np.arange(424)), axis=-1)
    return np.linalg.norm(one.project(other.unproject(pixels, 1.0)) - pixels, axis=-1)


def nearest(camera: Camera) -> str:
    """The known sensor that a fitted camera is."""
    return min(SENSORS, key=lambda name: float(picture_apart(camera, CAMERAS[name]).mean()))


def errors_in_sd(fit: CameraFit, truth: Camera) -> float:
    """The largest error of a parameter in its stated standard errors."""
    found, true = (
        np.array([one.focal[0], *one.centre, *one.distortion[[0, 1, 4]]]) for one in (fit.camera, truth)
    )
    return float((np.abs(found - true) / [fit.sd[name] for name in NAMES]).max())


def each_file(folder: Path) -> None:
    """Fit every file by itself; a Markdown table."""
    files, sensor = {}, {}
    for path in sorted(folder.rglob("*.skeleton")):
        joints = ntu_skeleton.read(path).joints.reshape(-1, 12)
        files[path.stem] = joints[joints[:, 11] > 0]
    fits = {name: fit_ir(rows[:, :3], rows[:, 3:5]) for name, rows in files.items()}
    sensor = {name: nearest(fit.camera) for name, fit in fits.items()}
    print("| fitted on | sensor | pairs | same file: mean, max px | other files: mean, max px |")
    print("|---|---|---|---|---|")
    for name, fit in fits.items():
        others = [rows for other, rows in files.items() if other != name and sensor[other] == sensor[name]]
        words = "none"
        if others:
            rows = np.concatenate(others)
            off = np.linalg.norm(fit.camera.project(rows[:, :3]) - rows[:, 3:5], axis=1)
            words = f"{off.mean():.1e}, {off.max():.1e}"
        own = fit.residual_px
        print(f"| {name} | {sensor[name]} | {fit.used} | {own.mean():.1e}, {own.max():.1e} | {words} |")
    print()
    print(
        "| fitted on | whole picture: mean, max px | border_sd_px | worst parameter, sd | colour: mean px |"
    )
    print("|---|---|---|---|---|")
    for name, fit in fits.items():
        truth = CAMERAS[sensor[name]]
        away = picture_apart(fit.camera, truth)
        rows = files[name]
        color = fit_color(rows[:, :3], rows[:, 5:7]).residual_px.mean()
        print(
            f"| {name} | {away.mean():.4f}, {away.max():.3f} | {fit.border_sd_px:.2g} | "
            f"{errors_in_sd(fit, truth):.2f} | {color:.3f} |"
        )


def stretches(folder: Path) -> None:
    """Cameras from short stretches of other people's motion, printed as the files print them."""
    found: list[tuple[float, float, float, float]] = []
    refused: list[str] = []
    for clip in pku_mmd.open(folder):
        points = metres(clip.poses, "kinect")
        for begin in range(0, clip.poses.frames, STRETCH):
            rows = points[:, begin : begin + STRETCH].reshape(-1, 3)
            rows = rows[np.isfinite(rows).all(axis=1)]
            for name in SENSORS:
                camera = CAMERAS[name]
                pixels = np.array([float(f"{v:.7g}") for v in camera.project(rows).ravel()]).reshape(-1, 2)
                try:
                    fit = fit_ir(rows, pixels)
                except InputError as error:
                    refused.append(str(error))
                    continue
                away = picture_apart(fit.camera, camera)
                off = float(np.linalg.norm(fit.camera.project(rows) - pixels, axis=1).mean())
                found.append((off, float(away.mean()), float(away.max()), errors_in_sd(fit, camera)))
    table = np.array(found)
    print(f"{len(found)} fits, {len(refused)} refused: {sorted(set(refused))[:3]}")
    for words, column, most in (
        ("mean of its own pairs, px", 0, 1e-4),
        ("whole picture, mean px", 1, 0.02),
        ("whole picture, max px", 2, 0.15),
        ("worst parameter, standard errors", 3, 3.0),
    ):
        values = table[:, column]
        print(
            f"{words}: median {np.median(values):.2g}, largest {values.max():.2g}; "
            f"{(values <= most).mean():.1%} within {most:g}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--ntu", type=Path, help="folder of NTU files")
    options.add_argument("--pku", type=Path, help="folder of PKU-MMD's skeleton text")
    given = options.parse_args()
    if given.ntu is not None:
        each_file(given.ntu)
    if given.pku is not None:
        stretches(given.pku)
    if given.ntu is None and given.pku is None:
        speed(given.points, given.turns)


if __name__ == "__main__":
    main()
