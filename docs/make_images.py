"""Make docs/images: demo.png (a frame of the demo and its report), layouts.png, kinect-camera.png and
augmentation.png.

    python docs/make_images.py [--pose NET --detector NET --verbs NET] [--seconds 20] [--at 15]
    python docs/make_images.py --drawings

The report is photographed by a headless Chromium; where there is none, a second frame takes its place.
`--drawings` makes the pictures of the joint layouts, of the Kinect's camera and of the augmentations alone.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from draw_augmentations import draw_augmentations

from bodyverb import skeletons
from bodyverb.core import Skeleton
from bodyverb.datasets.synth.demo import render_demo
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.known_cameras import CAMERAS, IR_SIZE
from bodyverb.media import VideoWriter, open_source, read_image, write_image
from bodyverb.outputs.figures import Figure, draw_figure, draw_text
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


# One standing person who has every joint, seen from the front: the middle and the left half in trunk lengths,
# x to their left, y down, shoulders at 0.
# fmt: off
PLACES = {
    "nose": (0, -.38), "head": (0, -.42), "head_top": (0, -.6), "neck_nose": (0, -.26), "neck": (0, -.12),
    "thorax": (0, 0), "mid_shoulder": (0, .05), "spine": (0, .5), "lower_spine": (0, .92), "pelvis": (0, 1),
    "left_eye": (.08, -.46), "left_eye_inner": (.04, -.46), "left_eye_outer": (.12, -.46),
    "left_ear": (.18, -.42), "left_mouth": (.06, -.27),
    "left_collar": (.06, .03), "left_shoulder": (.33, .02), "left_elbow": (.48, .5), "left_wrist": (.56, .95),
    "left_thumb_base": (.55, 1), "left_thumb": (.49, 1.1), "left_hand": (.58, 1.1),
    "left_hand_end": (.59, 1.15), "left_hand_tip": (.6, 1.24), "left_pinky": (.66, 1.08),
    "left_index": (.57, 1.12),
    "left_hip": (.2, 1), "left_knee": (.24, 1.75), "left_ankle": (.26, 2.45), "left_heel": (.22, 2.56),
    "left_foot": (.33, 2.54), "left_toes": (.38, 2.62), "left_big_toe": (.34, 2.64),
    "left_small_toe": (.45, 2.58), "left_foot_index": (.38, 2.64),
}
FINGERS = ("thumb", "index_finger", "middle_finger", "ring_finger", "pinky")
# fmt: on
CELL = (190, 290)


def place(joint: str, layout: Skeleton) -> tuple[float, float]:
    """Where a joint of the standing person lies, x to the right of the picture (their left)."""
    if joint in PLACES:
        return PLACES[joint]
    if joint.startswith("right_"):
        x, y = PLACES["left_" + joint.removeprefix("right_")]
        return -x, y
    if joint == "wrist":
        return 0.0, 2.0
    finger = next(at for at, name in enumerate(FINGERS) if joint.startswith(name))
    step = (layout.index(joint) - 1) % 4
    reach = (0.45, 0.75, 1.0, 1.2)[step] if finger == 0 else 0.85 + 0.3 * step
    angle = np.deg2rad((52, 20, 3, -12, -28)[finger])
    return float(np.sin(angle) * reach), float(2.0 - np.cos(angle) * reach)


def draw_layouts() -> np.ndarray:
    """Every layout on a standing person, name and number of joints below; (h, w, 3) uint8 RGB."""
    cells = []
    for name in skeletons.names():
        layout = skeletons.get(name)
        cell = np.full((CELL[1], CELL[0], 3), 255, np.uint8)
        points = np.array([place(joint, layout) for joint in layout.joints]) * 72 + (CELL[0] / 2, 62)
        figure = Figure(position=points, score=np.ones(len(layout)), skeleton=layout, colour=(110, 113, 120))
        draw_figure(cell, figure, thickness=3, halo=False)
        draw_text(cell, name, (10, CELL[1] - 24), 15, (40, 44, 52))
        cells.append(cell)
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % 6)
    return np.vstack([np.hstack(cells[row : row + 6]) for row in range(0, len(cells), 6)])


WAVING = {
    "left_elbow": (.8, .12), "left_wrist": (.92, -.4), "left_hand": (.94, -.56), "left_hand_tip": (.95, -.68),
    "left_thumb": (.84, -.58),
}  # fmt: skip
TRUNK_M, AWAY_M = 0.5, 2.2
ARROWS = 12
"""The lens is drawn so many times stronger than it is."""


def draw_kinect() -> np.ndarray:
    """The axes of a Kinect, its mirrored picture, the same flipped, and its lens; (h, w, 3) uint8 RGB."""
    layout, camera = skeletons.get("kinect25"), CAMERAS["ntu-a"]
    flat = np.array([WAVING.get(joint, place(joint, layout)) for joint in layout.joints]) * TRUNK_M
    points = np.column_stack((-flat[:, 0], 0.55 - flat[:, 1], np.full(len(flat), AWAY_M)))
    pixels = camera.project(points)
    stored, flipped = (paper(IR_SIZE[1], IR_SIZE[0]) for _ in range(2))
    for picture, where in ((stored, pixels), (flipped, (IR_SIZE[0] - 1, 0) + pixels * (-1, 1))):
        cv2.rectangle(picture, (0, 0), (IR_SIZE[0] - 1, IR_SIZE[1] - 1), (150, 156, 166), 1)
        person(picture, layout, where)
    parts = {
        "From above: x to the sensor's left, z ahead": from_above(layout, points),
        "Stored: left hand (blue) on the left: a mirror": stored,
        "Flipped, as cameras and pose networks see": flipped,
        f"The lens: pinhole to picture, {ARROWS} times": lens(camera),
    }
    cells = [titled(words, picture) for words, picture in parts.items()]
    return np.vstack([np.hstack(cells[:2]), np.hstack(cells[2:])])


def draw_augmented() -> np.ndarray:
    """A waving person, changed in each way that training changes clips; (h, w, 3) uint8 RGB."""
    layout = skeletons.get("kinect25")
    bodies = [
        np.array([pose.get(joint, place(joint, layout)) for joint in layout.joints]) for pose in (WAVING, {})
    ]
    waving, standing = (
        np.column_stack((flat[:, 0], 1 - flat[:, 1], 0.15 * flat[:, 0] ** 2)) for flat in bodies
    )
    return draw_augmentations(waving, standing, layout)


def paper(height: int, width: int) -> np.ndarray:
    """A white picture."""
    return np.full((height, width, 3), 255, np.uint8)


def titled(words: str, picture: np.ndarray) -> np.ndarray:
    """The picture with words above, white around."""
    made = paper(picture.shape[0] + 48, picture.shape[1] + 24)
    made[40 : 40 + picture.shape[0], 12:-12] = picture
    draw_text(made, words, (12, 12), 20, (40, 44, 52))
    return made


def person(picture: np.ndarray, layout: Skeleton, where: np.ndarray) -> None:
    """A grey figure with blue left and orange right limbs."""
    score = np.ones(len(layout))
    figure = Figure(position=where, score=score, skeleton=layout, colour=(110, 113, 120))
    draw_figure(picture, figure, thickness=4, halo=False)


def from_above(layout: Skeleton, points: np.ndarray) -> np.ndarray:
    """The sensor at the bottom, its field of view, the person seen from above."""
    made, scale = paper(IR_SIZE[1], IR_SIZE[0]), 150.0
    sensor = np.array([256.0, 390.0])
    ink = (40, 44, 52)
    place_of = lambda xz: sensor + np.asarray(xz) * (-scale, -scale)  # noqa: E731
    for side in (-1, 1):
        ray = place_of((side * 0.7 * 2.4, 2.4)).round().astype(int).tolist()
        cv2.line(made, sensor.astype(int).tolist(), ray, (205, 210, 218), 1, cv2.LINE_AA)
    cv2.rectangle(made, (226, 384), (286, 402), ink, -1)
    axes = {"x": (0.75, 0.0), "z": (0.0, 0.9)}
    for name, end in axes.items():
        begin = place_of((0.26, 0.0) if name == "x" else (0.0, 0.06)).round().astype(int).tolist()
        tip = place_of(end).round().astype(int).tolist()
        cv2.arrowedLine(made, begin, tip, ink, 2, cv2.LINE_AA, tipLength=0.15)
        draw_text(made, name, (tip[0] - 18 if name == "x" else tip[0] + 10, tip[1] - 8), 20, ink)
    person(made, layout, np.array([place_of(point[[0, 2]]) for point in points]))
    return made


def lens(camera: Camera) -> np.ndarray:
    """From where a pinhole would put points to where the lens puts them, drawn longer."""
    made = paper(IR_SIZE[1], IR_SIZE[0])
    cv2.rectangle(made, (0, 0), (IR_SIZE[0] - 1, IR_SIZE[1] - 1), (150, 156, 166), 1)
    across, down = np.linspace(24, IR_SIZE[0] - 24, 13), np.linspace(24, IR_SIZE[1] - 24, 11)
    pinhole = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    straight = camera.replace(distortion=np.zeros(5))
    moved = camera.project(straight.unproject(pinhole, np.full(len(pinhole), 1.0))) - pinhole
    for begin, end in zip(pinhole, pinhole + ARROWS * moved, strict=True):
        ends = [(16 * point).round().astype(int).tolist() for point in (begin, end)]
        cv2.line(made, *ends, (0, 114, 178), 2, cv2.LINE_AA, 4)
        cv2.circle(made, ends[0], 40, (40, 44, 52), -1, cv2.LINE_AA, 4)
    return made


def main() -> None:
    """Render, run, photograph, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name, default in (("pose", "pose-lite"), ("detector", "finder"), ("verbs", "verbs-everyday")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the clip")
    parser.add_argument("--at", type=float, default=0.8, help="which moment, as a share of the clip")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--drawings", action="store_true", help="no demo")
    given = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    write_image(IMAGES / "layouts.png", draw_layouts())
    write_image(IMAGES / "kinect-camera.png", draw_kinect())
    write_image(IMAGES / "augmentation.png", draw_augmented())
    if given.drawings:
        return
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
