import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import finder, pose_lite  # noqa: E402

SMALL = pose_lite.Config(stem=4, widths=(8, 16, 16), blocks=(1, 1, 1), neck=8)
TINY = finder.Config(stem=4, widths=(8, 16, 16, 16), blocks=(1, 1, 1, 1), neck=8)


def test_pose_shapes_at_any_multiple_of_16() -> None:
    net = pose_lite.build(SMALL, skeletons.get("lsp14")).eval()
    heat, visible = net(torch.zeros(2, 96, 128, 3, dtype=torch.uint8))
    assert heat.shape == (2, 14, 24, 32) and visible.shape == (2, 14)


def test_finder_shapes_and_ranges() -> None:
    net = finder.build(TINY).eval()
    centre, sides = net(torch.randint(0, 255, (1, 96, 160, 3), dtype=torch.uint8))
    assert centre.shape == (1, 1, 12, 20) and sides.shape == (1, 4, 12, 20)
    assert centre.min() >= 0 and centre.max() < 0.2 and (sides > 0).all()


def test_finder_starts_from_pose_weights() -> None:
    pose = pose_lite.build(SMALL, skeletons.get("lsp14"))
    net = finder.build(TINY)
    shared = net.start_from_pose(pose.state_dict())
    assert shared >= 20
    assert torch.equal(net.stages[1][0].conv1.weight, pose.backbone.stages[1][0].conv1.weight)


def test_default_sizes() -> None:
    pose = sum(p.numel() for p in pose_lite.build(pose_lite.Config(), skeletons.get("lsp14")).parameters())
    find = sum(p.numel() for p in finder.build(finder.Config()).parameters())
    assert 4.5e6 < pose < 5.5e6 and find < 4e6


def test_same_picture_same_answer_whatever_else_is_in_the_batch() -> None:
    net = pose_lite.build(SMALL, skeletons.get("lsp14")).eval()
    batch = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8))
    with torch.no_grad():
        assert torch.allclose(net(batch)[0][:1], net(batch[:1])[0], atol=1e-5)
