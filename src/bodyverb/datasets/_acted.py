"""People who act out a class, seen by a sensor or a camera: what made data sets consist of."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.datasets.synth import motions, samples
from bodyverb.datasets.synth.body import random_body
from bodyverb.formats.files import replacing
from bodyverb.geometry.cameras import Pinhole
from bodyverb.geometry.rotation import about_y, rotate

MOTIONS = {
    "squat": "squat", "jumping_jack": "jumping_jacks", "pushup": "pushup", "situp": "situp",
    "pullup": "pullup", "bench_press": "bench_press", "jump_rope": "jump_rope", "guitar": "strum_guitar",
    "pitch": "baseball_pitch", "baseball_swing": "baseball_swing", "bowl": "bowl", "jerk": "clean_and_jerk",
    "golf": "golf_swing", "tennis_serve": "tennis_serve", "tennis": "tennis_forehand", "throw": "bowl",
    "jog": "run", "run": "run", "walk": "walk", "wave": "wave", "clap": "clap", "punch": "punch",
    "hit": "punch", "box": "punch", "push": "punch", "sit": "sit_stand", "stand": "sit_stand",
    "pick": "pick_up", "drop": "pick_up", "carry": "walk", "hop": "jump_rope", "jump": "jump_rope",
    "lunge": "crouch", "bow": "crouch", "reach": "reach", "shelf": "reach", "turn": "turn", "idle": "idle",
    "background": "idle",
}  # fmt: skip
"""A word of a class's name -> the procedural motion that comes next to it; the first that fits."""
GESTURES = ("wave", "clap", "punch", "reach")
"""For classes without such a word."""
NOISE_M = 0.002
APART_M = 0.9
GLIDE_FRAMES = 15


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One clip to make: number of its class, number of its person and how often both were together before."""

    kind: int
    person: int
    repetition: int


def plan(count: int, classes: int, people: tuple[int, ...]) -> tuple[Plan, ...]:
    """About six clips a class, of classes evenly chosen, by all people in turn."""
    number = min(classes, max(2, count // 6))
    kinds = [at * (classes - 1) // max(number - 1, 1) for at in range(number)]
    return tuple(
        Plan(
            kind=kinds[at % len(kinds)],
            person=people[at // len(kinds) % len(people)],
            repetition=at // len(kinds) // len(people),
        )
        for at in range(count)
    )


def motion_of(label: str) -> str:
    """The motion that acts out a class.

    Example:
        >>> motion_of("sit_down"), motion_of("baseball_swing")
        ('sit_stand', 'baseball_swing')
    """
    words = label.lower()
    return next(
        (motion for word, motion in MOTIONS.items() if word in words),
        GESTURES[zlib.crc32(label.encode()) % len(GESTURES)],
    )


def acted(label: str, rng: np.random.Generator, *, rate_hz: float, seconds: float, people: int = 1,
          person: int = 0) -> PoseSequence:  # fmt: skip
    """People in the world, y-up, about the origin, the first facing +z; a second one faces the first.

    Args:
        label: the class.
        rng: source of every draw but the build.
        rate_hz: frames a second.
        seconds: length.
        people: 1 or 2.
        person: number of the first, who has the same build in every clip.

    Returns:
        (P, T, 25, 3) poses in the synth layout, metres.
    """
    times = np.arange(max(2, round(seconds * rate_hz))) / rate_hz
    found = []
    for at in range(people):
        body = random_body(np.random.default_rng((person, at)), 0.7)
        made, _ = motions.make(motion_of(label), times, rng=rng, body=body)
        joints = made.position - made.position[:, :1].mean(axis=0) * (1, 0, 1)
        aside = (at - (people - 1) / 2) * APART_M * 2
        facing = -1 if "apart" in label else 1
        turn = about_y(facing * (0.5 - at) * np.pi if people > 1 else 0.0)
        found.append(rotate(turn, joints) + np.array([aside, 0, 0]))
    position = np.stack(found) + rng.normal(scale=NOISE_M, size=(people, len(times), 25, 3))
    return PoseSequence.from_arrays(
        position.astype(np.float32),
        skeleton=motions.skeleton(),
        timestamps_s=times,
        space="world",
        unit="m",
        axes="y-up",
    )


def joined(clips: Sequence[PoseSequence]) -> PoseSequence:
    """Clips of the same people one after another, each gliding on from where the last one ended."""
    position = [clips[0].position]
    share = np.linspace(0, 1, GLIDE_FRAMES)[:, None, None]
    for clip in clips[1:]:
        here = clip.position.copy()
        here[:, :GLIDE_FRAMES] = share * here[:, :GLIDE_FRAMES] + (1 - share) * position[-1][:, -1:]
        position.append(here)
    step = float(clips[0].timestamps_s[1] - clips[0].timestamps_s[0])
    whole = np.concatenate(position, axis=1)
    return PoseSequence.from_arrays(
        whole, skeleton=clips[0].skeleton, rate_hz=1 / step, space="world", unit="m", axes="y-up"
    )


def before_kinect(
    poses: PoseSequence, layout: str, *, turn: float = 0.0, away_m: float = 3.2
) -> PoseSequence:
    """The same as a Kinect sees them: metres, axes `kinect`, the sensor a metre above the floor.

    Args:
        poses: as `acted` gives them.
        layout: the joints wanted.
        turn: where the sensor stands round the people, rad.
        away_m: how far.
    """
    turned = rotate(about_y(turn), poses.position.astype(np.float64))
    position = turned * (-1, 1, -1) + (0, -1, away_m)
    made = poses.replace(position=position.astype(np.float32), space="camera", axes="kinect")
    return skeletons.convert(made, layout)[0]


def in_picture(poses: PoseSequence, layout: str, size: tuple[int, int], *, turn: float = 0.0) -> PoseSequence:
    """The same as a camera sees them: px, with a box round each person.

    Args:
        poses: as `acted` gives them.
        layout: the joints wanted.
        size: (width, height) of the picture.
        turn: where the camera stands round the people, rad.
    """
    eye = rotate(about_y(turn), np.array([0.0, 1.2, 4.5]))
    middle = np.array([0.0, poses.position[..., 1].mean(), 0.0])
    flat = Pinhole.looking(eye, middle, size, fov_deg=42.0).project(poses.position)
    made = PoseSequence.from_arrays(
        flat.astype(np.float32),
        skeleton=poses.skeleton,
        timestamps_s=poses.timestamps_s,
        image_size=size,
        person_ids=poses.person_ids,
        box=np.concatenate((np.nanmin(flat, axis=2) - 5, np.nanmax(flat, axis=2) + 5), axis=2),
    )
    return skeletons.convert(made, layout)[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A rendered picture with its people.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        boxes: (n, 4) xyxy px.
        joints: (n, J, 2) px; NaN where outside of the picture.
        state: (n, J) uint8: 0 absent, 1 hidden, 2 seen.
    """

    image: np.ndarray
    boxes: np.ndarray
    joints: np.ndarray
    state: np.ndarray

    def save(self, path: Path) -> None:
        """Write the picture as a JPEG.

        Raises:
            OutputError: it cannot be written.
        """
        with replacing(path) as part:
            part.write_bytes(cv2.imencode(".jpg", self.image[..., ::-1])[1].tobytes())


def scenes(rng: np.random.Generator, count: int, layout: str, size: int = 320) -> Iterator[Picture]:
    """Pictures of one to four people in places."""
    sampler = samples.Sampler(rng, 6)
    while count:
        image, boxes, joints = sampler.scene(size)
        if len(boxes):
            count -= 1
            yield _picture(image, boxes, joints, layout)


def crops(rng: np.random.Generator, count: int, layout: str, size: int = 160) -> Iterator[Picture]:
    """Pictures of one person, who fills them."""
    sampler = samples.Sampler(rng, 6)
    for _ in range(count):
        image, joints = sampler.pose(size)
        yield _picture(image, np.array([[0, 0, size - 1, size - 1]]), joints[None], layout)


def _picture(image: np.ndarray, boxes: np.ndarray, joints: np.ndarray, layout: str) -> Picture:
    """A picture and joints (n, 14, 3) of lsp14 with a flag, in a layout."""
    inside = np.asarray(((joints[..., :2] >= 0) & (joints[..., :2] < image.shape[1::-1])).all(axis=-1))
    poses = PoseSequence.from_arrays(
        np.where(inside[..., None], joints[..., :2], np.nan)[:, None],
        skeleton=skeletons.get("lsp14"),
        rate_hz=1.0,
        state=np.where(inside, 1 + (joints[..., 2] > 0), 0)[:, None],
    )
    made = skeletons.convert(poses, layout)[0]
    return Picture(image=image, boxes=boxes, joints=made.position[:, 0], state=made.state[:, 0])


def save_mat(path: Path, **fields: Any) -> None:
    """Write a MATLAB file of version 5.

    Raises:
        OutputError: it cannot be written.
    """
    from scipy.io import savemat

    with replacing(path) as part, part.open("wb") as stream:
        savemat(stream, fields, do_compression=True)


def structs(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """(1, n) array of structures with the same fields, for `save_mat`."""
    made = np.empty((1, len(rows)), [(name, object) for name in rows[0]] if rows else object)
    for at, row in enumerate(rows):
        made[0, at] = tuple(row.values())
    return made
