"""Networks over bare coordinates: published sizes, what the tensors hold, the budget of our own."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError  # noqa: E402
from bodyverb.models import _count, get, keypoint_cnn, raw_keypoint  # noqa: E402

COCO = skeletons.get("coco17")


def people(batch=1, persons=2, time=32):
    """Position, score, seconds; the second person moves more."""
    draw = torch.Generator().manual_seed(0)
    position = 100 + 50 * torch.rand(batch, persons, time, 17, 2, generator=draw)
    position[:, 0] = position[:, 0, :1]
    return position, torch.ones(position.shape[:-1]), torch.zeros(batch, time)


def made(persons=2, **changes):
    config = dataclasses.replace(raw_keypoint.SMALL, **changes)
    return raw_keypoint.build(config, COCO, 60, persons=persons).eval()


@pytest.mark.parametrize("layout", raw_keypoint.LAYOUTS)
@pytest.mark.parametrize("mask", [False, True])
def test_sizes_are_in_the_published_range(layout, mask):
    with torch.device("meta"):
        network = raw_keypoint.build(raw_keypoint.Config(layout=layout, mask=mask), COCO, 60, persons=2)
    size = _count.count(network, *people())
    assert 18e6 < size.parameters < 22e6
    assert 0.64e9 < size.multiply_adds < 0.69e9


def test_tensors_hold_the_coordinates_in_the_order_their_name_says():
    position, score, _ = people()
    low, high = (getattr(position, name)(dim=(1, 2, 3), keepdim=True) for name in ("amin", "amax"))
    expected = (position - (low + high) / 2) / ((high - low).max() / 2)
    expected = expected.flip(1)  # who moves more is first
    tensors = {layout: made(layout=layout, mask=False).tensor(position, score) for layout in ("jfpd", "pjfd")}
    assert tensors["jfpd"].shape == (1, 17, 32, 2, 2) and tensors["pjfd"].shape == (1, 2, 32, 17, 2)
    torch.testing.assert_close(tensors["jfpd"], torch.einsum("npfjd->njfpd", expected))
    torch.testing.assert_close(tensors["pjfd"], expected)


@pytest.mark.parametrize(("layout", "axis"), [("jfpd", 1), ("pjfd", 3)])
def test_the_mask_says_what_is_there(layout, axis):
    position, score, _ = people()
    position[..., 5, :] = float("nan")
    coordinates, mask = made(layout=layout).tensor(position, score).chunk(2, dim=1)
    assert not mask.select(axis, 5).any() and not coordinates.select(axis, 5).any()
    assert mask.sum() == 16 / 17 * mask.numel()


def test_every_joint_counts():
    position, score, seconds = people()
    for layout in raw_keypoint.LAYOUTS:
        torch.manual_seed(0)
        network = made(layout=layout, width=16)
        position.requires_grad_()
        grad = torch.autograd.grad(network(position, score, seconds).square().sum(), position)[0]
        assert (grad.abs().sum(dim=(0, 1, 2, 4)) > 0).all(), layout


@pytest.mark.parametrize("layout", raw_keypoint.LAYOUTS)
def test_both_layouts_learn_sixteen_random_clips_by_heart(layout):
    position, score, seconds = people(batch=16, time=8)
    torch.manual_seed(0)
    network, label = made(layout=layout).train(), torch.arange(16) % 8
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(network(position, score, seconds), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (network(position, score, seconds).argmax(dim=1) == label).all()


def test_an_unknown_layout_is_refused():
    with pytest.raises(InputError, match="jfpd, pjfd, got 'fjpd'; choose one"):
        made(layout="fjpd")


@pytest.mark.parametrize("heatmaps", ["c3d-light", "x3d-shallow"])
def test_ours_needs_a_twentieth_of_the_heatmap_networks(heatmaps):
    """At their published input of 48 frames, the same clip for both."""
    clip = torch.zeros(1, 1, 48, 17, 2), torch.ones(1, 1, 48, 17), torch.zeros(1, 48)
    with torch.device("meta"):
        one = keypoint_cnn.build(keypoint_cnn.Config(), COCO, 60)
        other = get(heatmaps).build(get(heatmaps).Config(), COCO, 60)
    assert 20 * _count.count(one, *clip).multiply_adds < _count.count(other, *clip).multiply_adds
