"""bodyverb-s: what it sees of two people."""

import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import bodyverb_s  # noqa: E402

SKELETON = skeletons.get("coco17")


def pairs(dims: int, clips: int = 8, time: int = 12):
    """Two like bodies beside each other; class 0: near, class 1: far. Nothing of either body tells which."""
    draw = torch.Generator().manual_seed(2)
    body = torch.randn(1, 1, 1, 17, dims, generator=draw)
    sway = 0.1 * torch.sin(torch.arange(time) / 3.0)[None, None, :, None, None]
    label = torch.arange(clips) % 2
    apart = torch.zeros(clips, 2, 1, 1, dims)
    apart[:, 1, ..., 0] = (3.0 + 4.0 * label)[:, None, None]
    position = (body + sway + apart).contiguous()
    seconds = (torch.arange(time) / 15)[None].repeat(clips, 1)
    return position, torch.ones(position.shape[:-1]), seconds, label


@pytest.mark.parametrize("dims", [2, 3])
def test_where_the_other_person_is_can_be_learned(dims):
    torch.manual_seed(0)
    *inputs, label = pairs(dims)
    config = bodyverb_s.Config(widths=(16, 16), blocks=(1, 1), dropout=0.0, drop_path=0.0)
    network = bodyverb_s.build(config, SKELETON, 2, dims=dims, persons=2).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(network(*inputs), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


@pytest.mark.parametrize("dims", [2, 3])
def test_the_pair_may_stand_anywhere(dims):
    torch.manual_seed(0)
    position, score, seconds, _ = pairs(dims)
    network = bodyverb_s.build(bodyverb_s.Config(), SKELETON, 2, dims=dims, persons=2).eval()
    with torch.no_grad():
        here, there = network(position, score, seconds), network(position + 5.0, score, seconds)
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)


def test_one_person_has_no_channels_of_another():
    one, two = (
        bodyverb_s.build(bodyverb_s.Config(), SKELETON, 2, dims=3, persons=persons) for persons in (1, 2)
    )
    assert two.prepare.channels == one.prepare.channels + 4 * 17
