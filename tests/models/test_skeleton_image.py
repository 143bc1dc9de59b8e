"""Skeleton images as the words say, and ResNet-18's size."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import _count, skeleton_image  # noqa: E402
from bodyverb.models._streams import masked  # noqa: E402

KINECT = skeletons.get("kinect25")


def clip(time=20, dims=3, joints=25):
    """Position and score of two people, the first of whom moves more."""
    draw = torch.Generator().manual_seed(0)
    position = torch.randn(1, 2, time, joints, dims, generator=draw)
    position[:, 1] *= 0.1
    return position, torch.ones(position.shape[:-1])


def shades(position):
    low, high = position[position.isfinite()].min(), position[position.isfinite()].max()
    return 0.2 + 0.8 * (position - low) / (high - low)


@pytest.mark.parametrize("classes", [8, 60])
def test_parameters_are_those_of_resnet_18(classes):
    with torch.device("meta"):
        network = skeleton_image.build(skeleton_image.Config(), KINECT, classes, dims=3, persons=2)
    position, score = clip()
    size = _count.count(network, position, score, torch.zeros(1, 20))
    assert size.parameters == 11_176_512 + 512 * classes + classes
    assert size.multiply_adds == pytest.approx(1.81e9, rel=0.01)


def test_rows_are_joints_of_both_people_and_columns_are_time():
    position, score = clip(time=50)
    drawn = skeleton_image.Image(KINECT, 50, 2)(position, score)
    moved = position - position[:, :1, :1, KINECT.index("spine"), None]
    expected = (
        shades(moved).permute(0, 4, 1, 3, 2).flatten(2, 3)
    )  # 2 x 25 joints, 50 frames: nothing is resized
    torch.testing.assert_close(drawn, expected)


def test_the_square_is_the_rows_resized():
    position, score = clip()
    small = skeleton_image.Image(KINECT, 50, 2)
    rows = shades(position - position[:, :1, :1, KINECT.index("spine"), None]).permute(0, 4, 1, 3, 2)
    expected = F.interpolate(rows.flatten(2, 3), (50, 50), mode="bilinear")
    torch.testing.assert_close(small(position, score), expected)


def test_missing_is_black_and_moves_nothing_else():
    position, score = clip(time=50)
    whole = skeleton_image.Image(KINECT, 50, 2)(position, score)
    lost = position.clone()
    lost[0, 0, 10, 7] = float("nan")
    drawn = skeleton_image.Image(KINECT, 50, 2)(lost, score)
    same = torch.ones(50, 50, dtype=torch.bool)
    same[7, 10] = False
    assert (drawn[0, :, 7, 10] == 0).all()
    torch.testing.assert_close(drawn[..., same], whole[..., same])


def test_the_origin_is_the_first_frame_that_has_the_mid_spine():
    position, score = clip()
    position[0, 0, :3, KINECT.index("spine")] = float("nan")
    image = skeleton_image.Image(KINECT, 50, 2)
    expected = position[:, 0, 3, KINECT.index("spine")]
    leader, there = (part[:, 0] for part in masked(position, score))
    torch.testing.assert_close(image.origin(leader, there), expected)


def test_in_2d_the_third_colour_tells_what_is_there():
    position, score = clip(time=34, dims=2, joints=17)
    score[0, 0, 4, 3] = 0
    drawn = skeleton_image.Image(skeletons.get("coco17"), 34, 2)(position, score)
    expected = torch.ones(34, 34)
    expected[3, 4] = 0
    torch.testing.assert_close(drawn[0, 2], expected)
