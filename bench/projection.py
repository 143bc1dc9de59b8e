"""Measure how many points a second the camera projects, beside OpenCV, on one core. Prints only.

python bench/projection.py [--points N] [--turns N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from bodyverb.geometry.camera import Camera

MATRIX = np.array([[1145.0, 0, 512.5], [0, 1143.7, 515.4], [0, 0, 1]])
LENSES = {
    "radial, as a Kinect": (0.0935, -0.2679, 0, 0, 0.0893),
    "radial and tangential, as Human3.6M": (-0.2, 0.24, -0.0009, -0.0016, -0.003),
}
TURN = cv2.Rodrigues(np.array([0.1, -0.2, 0.05]))[0]
SHIFT = np.array([0.1, -0.2, 0.3])


def seconds(act: Callable[[], object]) -> float:
    """Processor time of one call."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--turns", type=int, default=5)
    given = options.parse_args()
    cv2.setNumThreads(1)
    points = np.random.default_rng(0).normal(size=(given.points, 3)) * (1, 1, 0.3) + (0, 0, 4)
    for words, lens in LENSES.items():
        for place, (turn, shift) in {"": (np.eye(3), np.zeros(3)), ", placed": (TURN, SHIFT)}.items():
            camera = Camera.from_opencv(MATRIX, lens, rotation=turn, translation=shift)
            vector, lens_array = cv2.Rodrigues(turn)[0], np.array(lens, float)

            def theirs(vector=vector, shift=shift, lens=lens_array) -> np.ndarray:
                return cv2.projectPoints(points, vector, shift, MATRIX, lens)[0][:, 0]

            def ours(camera=camera) -> np.ndarray:
                return camera.project(points)

            apart = float(np.abs(ours() - theirs()).max())
            both = [(seconds(ours), seconds(theirs)) for _ in range(given.turns)]
            ratios = [slow / quick for quick, slow in both]
            mine = statistics.median(quick for quick, _ in both) / given.points * 1e9
            print(
                f"{words}{place}: {mine:.1f} ns a point, {statistics.median(ratios):.1f} times the points a "
                f"second of cv2.projectPoints {cv2.__version__} ({min(ratios):.1f} to {max(ratios):.1f}); "
                f"at most {apart:.1e} px apart"
            )


if __name__ == "__main__":
    main()
