"""The verb network's contract: NaN in, finite out; what is missing is masked; place and size do not
matter."""

import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import verb_tcn  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    config = verb_tcn.Config(widths=(16, 24), blocks=(1, 1))
    return verb_tcn.build(config, skeletons.get("penn13"), 15).eval()


def inputs(batch: int = 2, people: int = 1, time: int = 64):
    torch.manual_seed(1)
    position = torch.randn(batch, people, time, 13, 2).cumsum(dim=2) * 5 + 100
    return position, torch.ones(batch, people, time, 13), torch.linspace(0, 3, time)[None].repeat(batch, 1)


def run(network, position, score, seconds):
    with torch.no_grad():
        return torch.cat(
            [part.reshape(len(position), -1) for part in network(position, score, seconds)], dim=1
        )


def test_nan_in_finite_out(network):
    position, score, seconds = inputs()
    position[0, 0, 5:9] = float("nan")
    position[1] = float("nan")
    assert torch.isfinite(run(network, position, score, seconds)).all()


def test_missing_differs_from_a_joint_at_the_origin(network):
    position, score, seconds = inputs()
    gone, zero = position.clone(), position.clone()
    gone[:, :, :, 5] = float("nan")
    zero[:, :, :, 5] = 0
    assert not torch.allclose(
        run(network, gone, score, seconds), run(network, zero, score, seconds), atol=1e-3
    )


def test_score_zero_is_missing(network):
    position, score, seconds = inputs()
    gone, off = position.clone(), score.clone()
    gone[:, :, :, 5] = float("nan")
    off[..., 5] = 0
    torch.testing.assert_close(run(network, gone, score, seconds), run(network, position, off, seconds))


def test_absent_person_equals_no_person(network):
    position, score, seconds = inputs()
    absent = torch.full_like(position, float("nan"))
    pair = torch.cat([position, absent], dim=1)
    torch.testing.assert_close(
        run(network, pair, torch.cat([score, score], dim=1), seconds), run(network, position, score, seconds)
    )


def test_place_and_size_do_not_matter(network):
    position, score, seconds = inputs()
    torch.testing.assert_close(
        run(network, position * 3 + 700, score, seconds),
        run(network, position, score, seconds),
        atol=2e-3,
        rtol=2e-3,
    )


def test_speed_matters(network):
    position, score, seconds = inputs()
    assert not torch.allclose(
        run(network, position, score, seconds), run(network, position, score, seconds / 3), atol=1e-3
    )
