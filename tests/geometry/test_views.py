"""People from several views: found again whatever their numbers, at the times both cameras saw."""

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError, PoseSequence
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.rotation import about_y
from bodyverb.geometry.views import in_space

rng = np.random.default_rng(0)
CAMERAS = [
    Camera(
        focal=(900, 910),
        centre=(640, 360),
        distortion=(-0.1, 0.05, 0.001, -0.001, 0.01),
        rotation=about_y(turn),
        translation=(0.1, -0.2, 4.5),
        image_size=(1280, 720),
    )
    for turn in (0.0, 0.8, -0.9)
]
PEOPLE = rng.normal(size=(2, 30, 17, 3)) * 0.3 + np.array([[-0.8, 0, 0], [0.8, 0, 0]])[:, None, None]


def view(camera: Camera, people: np.ndarray, begin_s: float = 0.0, **fields: object) -> PoseSequence:
    return PoseSequence.from_arrays(
        camera.project(people),
        skeleton=skeletons.get("coco17"),
        timestamps_s=begin_s + np.arange(people.shape[1]) / 30,
        image_size=(1280, 720),
        **fields,
    )


def test_people_are_found_again_in_other_views():
    later = PEOPLE[::-1, 10:].copy()  # the other way round, and from frame 10 on, a little off the beat
    apart = np.full((3, 30, 17, 3), np.nan)  # one person in two pieces
    apart[0, :15], apart[1, 15:], apart[2] = PEOPLE[0, :15], PEOPLE[0, 15:], PEOPLE[1]
    views = [view(CAMERAS[0], PEOPLE), view(CAMERAS[1], later, 10 / 30 + 0.004), view(CAMERAS[2], apart)]
    made = in_space(CAMERAS, views)
    assert made.space == "world" and made.unit == "m" and made.person_ids == ("0", "1")
    np.testing.assert_allclose(made.position, PEOPLE, atol=2e-5)
    assert (made.extras["views"][:, 10:] == 3).all() and (made.extras["views"][:, :10] == 2).all()
    assert made.extras["apart_px"].max() < 0.01


def test_who_is_seen_once_is_absent():
    """A stranger whom only the second camera sees goes to nobody."""
    strangers = np.concatenate((rng.normal(size=(1, 30, 17, 3)) * 0.3 + (0, 0.9, 1.0), PEOPLE[:1]))
    made = in_space(CAMERAS[:2], [view(CAMERAS[0], PEOPLE), view(CAMERAS[1], strangers)])
    assert made.present[0].all() and not made.present[1].any() and np.isnan(made.position[1]).all()
    np.testing.assert_allclose(made.position[0], PEOPLE[0], atol=2e-5)


def test_times_that_never_meet():
    made = in_space(CAMERAS[:2], [view(CAMERAS[0], PEOPLE), view(CAMERAS[1], PEOPLE, 100.0)])
    assert not made.present.any()
    one = in_space(CAMERAS[:2], [view(CAMERAS[at], PEOPLE[:, at : at + 1], at / 30) for at in (0, 1)])
    assert not one.present.any()


def test_views_that_do_not_fit():
    good = view(CAMERAS[0], PEOPLE)
    for wrong, words in (
        ([good], "two views"),
        ([good, view(CAMERAS[1], PEOPLE, mirrored=True)], "mirrored"),
        ([good, good.replace(image_size=(640, 360))], "as calibrated"),
        ([good, good.replace(unit="none")], "in px"),
    ):
        with pytest.raises(InputError, match=words):
            in_space(CAMERAS[: len(wrong)], wrong)
