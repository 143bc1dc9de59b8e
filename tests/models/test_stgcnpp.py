"""ST-GCN++ against the straightforward one of bench/, which is written as its equations read."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import stgcnpp  # noqa: E402
from bodyverb.models._graph import spatial  # noqa: E402


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    import plain

    yield plain
    sys.modules.pop("plain", None)


def same_weights(theirs, ours) -> None:
    """Copies the weights of the straightforward network into the package's."""
    with torch.no_grad():
        pairs = [(ours.norm.norm, theirs.norm), (ours.classes, theirs.classes)]
        for a, b in zip(ours.blocks, theirs.blocks, strict=True):
            a.graph.adjacency.copy_(b.graph.adjacency)
            pairs += [(a.graph.conv, b.graph.conv), (a.graph.norm, b.graph.norm)]
            pairs += [(a.graph.residual, b.graph.residual)]
            pairs += [] if a.residual is None else [(a.residual, b.residual)]
            branches = b.time.branches
            for name in ("weight", "bias"):
                for place, one in ((0, a.time.enter[0]), (1, a.time.enter[1])):
                    parts = [getattr(branch[place], name) for branch in branches[:5]]
                    getattr(one, name).copy_(torch.cat(parts))
            for scale, branch in zip(a.time.scales, branches, strict=False):
                scale.weight.copy_(branch[3].weight.transpose(2, 3))
                scale.bias.copy_(branch[3].bias)
            pairs += [(a.time.point, branches[5]), (a.time.leave[0], b.time.join[0])]
            pairs += [(a.time.leave[2][0], b.time.join[2]), (a.time.leave[2][1], b.time.norm)]
        for mine, other in pairs:
            mine.load_state_dict(other.state_dict())


@pytest.mark.parametrize("time", [12, 7])
def test_it_computes_what_its_equations_say(plain, time):
    torch.manual_seed(0)
    skeleton = skeletons.get("kinect20")
    theirs = plain.PlainStGcnPP(torch.from_numpy(spatial(skeleton)), 4, 5, width=14)
    ours = stgcnpp.build(stgcnpp.Config(width=14), skeleton, 5, dims=3, persons=2)
    same_weights(theirs, ours)
    position = torch.randn(3, 2, time, 20, 3)
    channels, _ = ours.streams(position, torch.ones(3, 2, time, 20))
    expected = theirs.train()(channels)
    found = ours.train()(position, torch.ones(3, 2, time, 20), torch.zeros(3, time))
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(
        ours.blocks[9].time.leave[0].running_var,
        theirs.blocks[9].time.join[0].running_var,
        atol=1e-3,
        rtol=1e-3,
    )
    expected = theirs.eval()(channels)
    found = ours.eval()(position, torch.ones(3, 2, time, 20), torch.zeros(3, time))
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
