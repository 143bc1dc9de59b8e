"""Animations of poses: who is where, in which colour; GIF and mp4 can be read back."""

from pathlib import Path

import av
import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError, PoseSequence
from bodyverb.outputs.film import Film, write_film
from bodyverb.outputs.palette import LEFT, RIGHT

LAYOUT = skeletons.get("lsp14")


def standing(axes: str) -> PoseSequence:
    """Somebody who looks at us, left hand to our right, at two frames a second."""
    upright = {"z-up": 2}.get(axes, 1)
    sign_up = -1 if axes == "cv" else 1
    sign_right = -1 if axes == "kinect" else 1
    position = np.zeros((1, 4, 14, 3), np.float32)
    for joint, name in enumerate(LAYOUT.joints):
        part = name.split("_")[-1]
        height = {"ankle": 0.1, "knee": 0.5, "hip": 0.9, "wrist": 0.9, "elbow": 1.1, "shoulder": 1.4}.get(
            part, 1.6
        )
        aside = {"left": 0.25, "right": -0.25}.get(name.split("_")[0], 0.0)
        position[:, :, joint, 0] = sign_right * aside
        position[:, :, joint, upright] = sign_up * height
    return PoseSequence.from_arrays(position, skeleton=LAYOUT, rate_hz=2, axes=axes)


def place(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """(x, y) of the middle of all pixels of about a colour."""
    near = np.abs(image.astype(int) - colour).max(axis=2) < 12
    assert near.sum() > 20
    return np.argwhere(near).mean(axis=0)[::-1]


@pytest.mark.parametrize("axes", ["cv", "kinect", "y-up", "z-up"])
def test_left_and_right_and_up_in_every_frame_of_reference(axes: str):
    film = Film(standing(axes))
    front = film.picture(0)[:, : film.size[0] // 2]
    left, right = place(front, LEFT), place(front, RIGHT)
    assert left[0] > right[0] + 20 and abs(left[1] - right[1]) < 20
    assert [len(view.floor) > 0 for view in film._views] == [True, True]
    points = film._views[0].points[0, 0]
    assert points[LAYOUT.index("left_ankle"), 1] > points[LAYOUT.index("left_shoulder"), 1]


def test_gif_has_every_frame_in_its_time_and_colour(tmp_path: Path):
    path = write_film(tmp_path / "a.gif", standing("cv"), "one", height=200)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert [round(float(frame.time or 0), 2) for frame in frames] == [0, 0.5, 1, 1.5]
    drawn = Film(standing("cv"), "one", height=200).picture(0)
    read = frames[0].to_ndarray(format="rgb24")
    assert read.shape == drawn.shape and np.abs(read.astype(int) - drawn).mean() < 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_mp4_and_2d(tmp_path: Path):
    solid = standing("cv")
    flat = PoseSequence.from_arrays(100 * solid.position[..., :2], skeleton=LAYOUT, rate_hz=2)
    path = write_film(tmp_path / "a.mp4", flat, height=200)
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 4
    assert len(Film(flat)._views) == 1


def test_frames_faster_than_a_gif_are_left_out(tmp_path: Path):
    fast = standing("cv").replace(timestamps_s=np.arange(4) / 100)
    with av.open(str(write_film(tmp_path / "a.gif", fast, height=100))) as container:
        assert len(list(container.decode(video=0))) == 2


def test_what_cannot_be_drawn(tmp_path: Path):
    with pytest.raises(InputError, match=r"\.gif or \.mp4"):
        write_film(tmp_path / "a.png", standing("cv"))
    nobody = PoseSequence.from_arrays(np.full((1, 2, 14, 3), np.nan), skeleton=LAYOUT, rate_hz=2)
    with pytest.raises(InputError, match="nobody"):
        write_film(tmp_path / "a.gif", nobody)
    assert not list(tmp_path.iterdir())
