"""Make docs/images/demo.png: a frame of the demo's overlay beside its report.

    python docs/make_images.py [--pose NET --detector NET --verbs NET] [--seconds 20] [--at 15]

The report is photographed by a headless Chromium; where there is none, a second frame takes its place.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

from bodyverb.datasets.synth.demo import render_demo
from bodyverb.media import VideoWriter, open_source, read_image, write_image
from bodyverb.pipeline import run

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
HEIGHT, MARGIN = 480, 8
PAGE = (1000, 1320)
"""Window of the browser, px; the page below it is cut off."""


def frame_at(video: Path, time_s: float) -> np.ndarray:
    """The picture of a video at a time, (h, w, 3) uint8 RGB."""
    with open_source(video, start_s=time_s) as media:
        return next(iter(media)).image


def photograph(page: Path, path: Path) -> np.ndarray | None:
    """The upper part of an HTML page as a picture, or None without a browser."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return None
    size = f"--window-size={PAGE[0]},{PAGE[1]}"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size]
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *options, f"--user-data-dir={profile}", f"--screenshot={path}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
    return read_image(path)


def side_by_side(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one height beside each other, white between them."""
    shrunk = []
    for picture in pictures:
        width = round(picture.shape[1] * HEIGHT / picture.shape[0])
        shrunk.append(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA))
    gap = np.full((HEIGHT, MARGIN, 3), 255, np.uint8)
    return np.hstack([part for picture in shrunk for part in (picture, gap)][:-1])


def main() -> None:
    """Render, run, photograph, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name, default in (("pose", "pose-lite"), ("detector", "finder"), ("verbs", "verbs-penn15")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the clip")
    parser.add_argument("--at", type=float, default=0.8, help="which moment, as a share of the clip")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder, size, rate = Path(place), (854, 480), 25.0
        clip = folder / "demo.mp4"
        with VideoWriter(clip, size, rate) as writer:
            render_demo(writer.write, size=size, rate_hz=rate, duration_s=given.seconds, seed=given.seed)
        item = run(
            clip, out=folder / "out", pose=given.pose, detector=given.detector, verbs=given.verbs
        ).items[0]
        pictures = [frame_at(item.paths["video"], given.at * given.seconds)]
        page = photograph(item.paths["report"].resolve(), folder / "page.png")
        pictures.append(frame_at(item.paths["video"], 0.25 * given.seconds) if page is None else page)
        write_image(IMAGES / "demo.png", side_by_side(pictures))
    print(f"{IMAGES / 'demo.png'}: {(IMAGES / 'demo.png').stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
