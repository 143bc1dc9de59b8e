"""Heatmaps as the equations say, and the published sizes of the networks over them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import _count, get  # noqa: E402
from bodyverb.models._heatmaps import HeatmapConfig, Heatmaps  # noqa: E402


def clip(persons=2, time=3):
    """Position and score of people in px, some joints missing."""
    draw = torch.Generator().manual_seed(0)
    position = 60 * torch.randn(2, persons, time, 17, 2, generator=draw) + 300
    score = 0.2 + 0.8 * torch.rand(position.shape[:-1], generator=draw)
    position[0, 0, 1, 4] = float("nan")
    score[1, 0, 0, 7] = 0
    return position, score


def drawn(position: np.ndarray, score: np.ndarray, stream: str, size: int, sigma: float, room: float):
    """One clip, cell by cell: (channel, time, size, size)."""
    here = np.isfinite(position).all(-1) & (score > 0)
    low, high = position[here].min(axis=0), position[here].max(axis=0)
    side = (high - low).max() * (1 + room)
    cells = (position - (low + high) / 2) / side * size + size / 2 - 0.5
    limbs = skeletons.get("coco17").limbs if stream == "b" else [(joint, joint) for joint in range(17)]
    y, x = np.mgrid[:size, :size]
    maps = np.zeros((len(limbs), position.shape[1], size, size))
    for channel, (a, b) in enumerate(limbs):
        for person in range(len(position)):
            for frame in range(position.shape[1]):
                if not (here[person, frame, a] and here[person, frame, b]):
                    continue
                begin, end = cells[person, frame, a], cells[person, frame, b]
                steps = begin + np.linspace(0, 1, 2000)[:, None] * (end - begin) if a != b else begin[None]
                away = ((np.stack([x, y], -1)[:, :, None] - steps) ** 2).sum(-1).min(-1)
                height = min(score[person, frame, a], score[person, frame, b])
                map_ = height * np.exp(-away / (2 * sigma**2))
                maps[channel, frame] = np.maximum(maps[channel, frame], map_)
    return maps


@pytest.mark.parametrize("stream", ["j", "b"])
def test_maps_are_those_drawn_cell_by_cell(stream):
    position, score = clip()
    config = HeatmapConfig(stream=stream, size=20, sigma=0.8)
    found = Heatmaps(skeletons.get("coco17"), config)(position, score).numpy()
    for number in range(2):
        expected = drawn(position[number].numpy(), score[number].numpy(), stream, 20, 0.8, 0.25)
        assert np.abs(found[number] - expected).max() < 2e-3


def test_nobody_is_an_empty_map():
    position, score = clip()
    maps = Heatmaps(skeletons.get("coco17"), HeatmapConfig(size=20))(position * float("nan"), score)
    assert maps.shape == (2, 17, 3, 20, 20) and not maps.any()


@pytest.mark.parametrize(
    ("name", "parameters_m", "multiply_adds_g"),
    [("posec3d", 2.03, 15.6), ("c3d-light", 3.41, 16.8), ("x3d-shallow", 0.255, 0.57)],
)
def test_heatmap_networks_have_the_published_size(name, parameters_m, multiply_adds_g):
    clips = torch.zeros(1, 2, 48, 17, 2), torch.ones(1, 2, 48, 17), torch.zeros(1, 48)
    module = get(name)
    with torch.device("meta"):
        network = module.build(module.Config(), skeletons.get("coco17"), 60, dims=2, persons=2)
    size = _count.count(network, *clips)
    assert size.parameters == pytest.approx(1e6 * parameters_m, rel=0.01)
    assert size.multiply_adds == pytest.approx(1e9 * multiply_adds_g, rel=0.05)


def test_grey_is_the_brightest_of_all_joints():
    position, score = clip()
    coco = skeletons.get("coco17")
    maps = Heatmaps(coco, HeatmapConfig(size=20))(position, score)
    grey = Heatmaps(coco, HeatmapConfig(size=20, grey=True))
    assert grey.channels == 1
    torch.testing.assert_close(grey(position, score), maps.amax(dim=1, keepdim=True))
    module = get("c3d-light")
    network = module.build(module.Config(size=16, width=4, grey=True), coco, 5, persons=2)
    assert network(position, score, torch.zeros(2, 3)).shape == (2, 5)


def test_maps_of_two_people_have_gradients_where_asked_for_and_outputs_of_their_own():
    position, score = clip()
    heatmaps = Heatmaps(skeletons.get("coco17"), HeatmapConfig(size=20))
    first = heatmaps(position, score)
    kept = first.clone()
    heatmaps(position + torch.randn(position.shape), score)
    assert torch.equal(first, kept)
    wanted = position.nan_to_num(nan=300.0).requires_grad_()
    maps = heatmaps(wanted, score)
    maps.square().sum().backward()
    assert wanted.grad is not None and wanted.grad[:, 1].abs().sum() > 0
