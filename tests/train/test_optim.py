"""Learning rates over a run, and the optimizers' groups."""

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from bodyverb.core import InputError  # noqa: E402
from bodyverb.train.optim import Muon, Rates, factor, make_optimizers  # noqa: E402
from bodyverb.train.settings import OptimConfig  # noqa: E402


def factors(steps: int = 1000, **options: Any) -> list[float]:
    config = OptimConfig(**options)
    return [factor(step / steps, config) for step in range(steps + 1)]


def test_steps_at_the_milestones_after_a_warm_up() -> None:
    values = factors(schedule="step", warmup=0.1, milestones=(0.5, 0.75), gamma=0.2)
    assert values[50] == pytest.approx(0.5) and values[0] == 1e-3
    assert {round(v, 9) for v in values[100:500]} == {1.0}
    assert {round(v, 9) for v in values[500:750]} == {0.2} and values[750] == pytest.approx(0.04)


def test_constant_is_constant() -> None:
    assert set(factors(schedule="constant", warmup=0.5)) == {1.0}


def test_one_cycle_is_that_of_torch() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=1000, pct_start=0.3, cycle_momentum=False
    )
    ours = factors(999, schedule="one-cycle", warmup=0.3)
    for value in ours:
        assert value == pytest.approx(optimizer.param_groups[0]["lr"], abs=5e-3)  # within a step
        optimizer.step()
        if value is not ours[-1]:
            theirs.step()
    assert ours[-1] == pytest.approx(1 / 250_000) and ours[0] == pytest.approx(0.04)


def test_the_cosine_is_that_of_torch_where_nothing_warms_up() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000, eta_min=0.01)
    for value in factors(schedule="cosine", warmup=0.0)[:-1]:
        assert value == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("name", ["sgd", "adamw", "adam", "muon"])
def test_rates_follow_the_factor_after_a_state_is_loaded(name: str) -> None:
    module = nn.Sequential(nn.Linear(32, 32), nn.Linear(32, 4))
    optimizers = make_optimizers(module, OptimConfig(name=name, lr=0.1, muon_lr=0.4), scale=2.0)
    rates = Rates(optimizers)
    assert rates.set(0.5) == pytest.approx(0.1)
    for optimizer in optimizers:
        optimizer.load_state_dict(optimizer.state_dict())
    assert rates.set(0.25) == pytest.approx(0.05)
    found = {round(g["lr"], 9) for o in optimizers for g in o.param_groups}
    assert found == ({0.05, 0.2} if name == "muon" else {0.05})
    assert isinstance(optimizers[0], Muon) == (name == "muon")


@pytest.mark.parametrize("name", ["sgd", "adamw", "adam", "muon"])
def test_every_parameter_has_one_optimizer(name: str) -> None:
    module = nn.Sequential(nn.Conv1d(32, 32, 3), nn.BatchNorm1d(32), nn.Linear(32, 3))
    made = [
        id(p)
        for o in make_optimizers(module, OptimConfig(name=name))
        for g in o.param_groups
        for p in g["params"]
    ]
    assert sorted(made) == sorted(id(p) for p in module.parameters())


@pytest.mark.parametrize("decay_all", [True, False])
def test_what_decays(decay_all: bool) -> None:
    module = nn.Linear(4, 4)
    config = OptimConfig(name="sgd", lr=0.1, weight_decay=0.5, momentum=0.0, decay_all=decay_all)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    for p in module.parameters():
        p.grad = torch.zeros_like(p)
    make_optimizers(module, config)[0].step()
    torch.testing.assert_close(module.weight.data, before["weight"] * (1 - 0.1 * 0.5))
    torch.testing.assert_close(module.bias.data, before["bias"] * (0.95 if decay_all else 1.0))


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": 0.0},
        {"lr": math.nan},
        {"momentum": 1.0},
        {"ema": 1.0},
        {"warmup": -0.1},
        {"base_batch": -1},
        {"milestones": (0.8, 0.2)},
        {"milestones": (0.5, 1.5)},
    ],
)
def test_numbers_that_mean_nothing(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"optim.{next(iter(bad))}"):
        OptimConfig(**bad)
