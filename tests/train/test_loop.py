"""The training loop on a tiny problem: what it keeps, when it stops, and what it refuses."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from bodyverb.core import InputError  # noqa: E402
from bodyverb.train import distributed, progress  # noqa: E402
from bodyverb.train.curves import draw_curves  # noqa: E402
from bodyverb.train.guard import Guard  # noqa: E402
from bodyverb.train.settings import LoopConfig  # noqa: E402


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def weights(path: Path) -> dict[str, Tensor]:
    return dict(torch.load(path, weights_only=True)["module"])


def gap(a: nn.Module, b: nn.Module) -> float:
    return max((x - y).abs().max().item() for x, y in zip(a.parameters(), b.parameters(), strict=True))


def scores(*values: float) -> Any:
    left = iter(values)
    return lambda module: {"val_top1": next(left)}


def test_it_learns_and_writes_what_it_should(toy: ModuleType, tmp_path: Path) -> None:
    lines: list[str] = []
    _, best = toy.train(tmp_path, loop={"epochs": 12}, optim={"lr": 3e-2}, say=lines.append)
    assert best["val_top1"] > 0.8 and best["epoch"] <= 12
    log = rows(tmp_path)
    assert len(log) == len(lines) == 12 and lines[0].startswith("epoch 1  seconds")
    assert list(log[0]) == ["epoch", "seconds", "lr", "loss", "top1", "val_loss", "val_top1"]
    assert float(log[-1]["loss"]) < 0.5 * float(log[0]["loss"])
    told = json.loads((tmp_path / "environment.json").read_text())
    assert {"python", "torch", "command", "processor", "threads", "start", "seconds"} <= told.keys()
    kept = torch.load(tmp_path / "best.pt", weights_only=True)
    assert kept["metrics"] == best
    module = toy.network()
    module.load_state_dict(kept["module"])
    assert toy.accuracy(module)["val_top1"] == best["val_top1"]


def test_it_does_what_a_bare_loop_does(toy: ModuleType, tmp_path: Path) -> None:
    optim = {
        "name": "sgd",
        "lr": 0.1,
        "schedule": "constant",
        "ema": 0.0,
        "weight_decay": 0.0,
        "clip_norm": 0.0,
    }
    trained, _ = toy.train(tmp_path, optim=optim)
    bare = toy.network()
    optimizer = torch.optim.SGD(bare.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for epoch in range(3):
        for batch in toy.drawn(epoch):
            optimizer.zero_grad()
            toy.cross_entropy(bare, batch)[0].backward()
            optimizer.step()
    assert gap(trained, bare) == 0


def test_accumulated_batches_equal_the_big_batch(toy: ModuleType, tmp_path: Path) -> None:
    def big(epoch: int) -> Iterator[Any]:
        yield from toy.drawn(epoch, rows=36, steps=2)

    def small(epoch: int) -> Iterator[Any]:
        for batch in big(epoch):
            for start in range(0, 36, 12):
                yield {key: value[start : start + 12] for key, value in batch.items()}

    once, _ = toy.train(tmp_path / "once", batches=big, steps=2)
    parts, _ = toy.train(tmp_path / "parts", batches=small, steps=6, loop={"accumulate": 3})
    assert 0 < gap(once, parts) < 1e-5
    assert rows(tmp_path / "once")[-1]["loss"][:5] == rows(tmp_path / "parts")[-1]["loss"][:5]


def test_a_rest_of_accumulated_batches_makes_a_step(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"accumulate": 2, "epochs": 2})  # 2 + 2 + 1 batches an epoch
    assert torch.load(tmp_path / "last.pt", weights_only=True)["state"]["step"] == 6


def test_rates_scale_with_the_rows_of_a_step(toy: ModuleType, tmp_path: Path) -> None:
    optim = {"schedule": "constant", "lr": 0.01, "base_batch": 32}
    toy.train(tmp_path, optim=optim, batch=64, loop={"accumulate": 2, "epochs": 1})
    assert float(rows(tmp_path)[0]["lr"]) == pytest.approx(0.04)
    with pytest.raises(InputError, match="base_batch"):
        toy.train(tmp_path / "none", optim=optim)


@pytest.mark.parametrize("asked", [0.1, 0.4, 0.9])
def test_averaged_weights_are_kept(toy: ModuleType, tmp_path: Path, asked: float) -> None:
    """A weighted mean of the weights after each of 15 steps, that forgets fast at first."""
    seen: list[Tensor] = []

    def loss(module: nn.Module, batch: Any) -> Any:
        seen.append(next(module.parameters()).detach().clone())
        return toy.cross_entropy(module, batch)

    module, _ = toy.train(tmp_path, loss=loss, loop={"select_last": True}, optim={"ema": asked})
    after = [*seen[1:], next(module.parameters()).detach()]
    mean = after[0]
    for step, value in enumerate(after[1:], start=1):
        decay = min(asked, (1 + step) / (10 + step))
        mean = decay * mean + (1 - decay) * value
    torch.testing.assert_close(weights(tmp_path / "best.pt")["0.weight"], mean)


def test_overfitting_looks_at_the_weights_themselves(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"overfit": 12, "select_last": True}, optim={"ema": 0.999})
    a, b = (weights(tmp_path / name) for name in ("best.pt", "last.pt"))
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_patience(toy: ModuleType, tmp_path: Path) -> None:
    made = scores(0.1, 0.5, 0.4, 0.5, 0.9)
    _, best = toy.train(tmp_path, validate=made, loop={"epochs": 5, "patience": 2})
    assert len(rows(tmp_path)) == 4
    assert best == {"val_top1": 0.5, "epoch": 4}  # of equal ones the later, but it is no better
    toy.train(tmp_path, validate=made, loop={"epochs": 5, "patience": 2, "resume": True})
    assert len(rows(tmp_path)) == 4
    toy.train(tmp_path, validate=made, loop={"epochs": 5, "patience": 3, "resume": True})
    assert len(rows(tmp_path)) == 5


def test_patience_waits_for_a_score(toy: ModuleType, tmp_path: Path) -> None:
    loop = {"epochs": 9, "patience": 1, "validate_every": 3}
    _, best = toy.train(tmp_path, validate=scores(0.5, 0.4, 0.9), loop=loop)
    assert len(rows(tmp_path)) == 6 and best == {"val_top1": 0.5, "epoch": 3}


def test_best_or_last(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path / "best", validate=scores(0.1, 0.5, 0.4))
    toy.train(tmp_path / "last", validate=scores(0.1, 0.5, 0.4), loop={"select_last": True})
    told = [
        torch.load(tmp_path / name / "best.pt", weights_only=True)["metrics"] for name in ("best", "last")
    ]
    assert told == [{"val_top1": 0.5, "epoch": 2}, {"val_top1": 0.4, "epoch": 3}]
    with pytest.raises(InputError, match="patience and loop.select_last"):
        LoopConfig(patience=2, select_last=True)


def test_without_validation_the_last_is_kept(toy: ModuleType, tmp_path: Path) -> None:
    _, best = toy.train(tmp_path, validate=lambda module: {}, optim={"ema": 0.0}, loop={"epochs": 2})
    toy.train(tmp_path, validate=lambda module: {}, optim={"ema": 0.0}, loop={"resume": True, "patience": 1})
    a, b = (weights(tmp_path / name) for name in ("best.pt", "last.pt"))
    assert len(rows(tmp_path)) == 3 and best == {"epoch": 2} and all(torch.equal(a[key], b[key]) for key in a)


def test_a_score_that_is_no_number_is_never_best(toy: ModuleType, tmp_path: Path) -> None:
    _, best = toy.train(tmp_path, validate=scores(float("nan"), 0.5, float("nan")))
    assert best["epoch"] == 2 and (tmp_path / "best.pt").exists()


def test_validation_every_few_epochs(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"epochs": 5, "validate_every": 2})
    assert [row["val_top1"] != "" for row in rows(tmp_path)] == [False, True, False, True, True]


def poisoned(toy: ModuleType, clips: tuple[int, ...]) -> Any:
    def batches(epoch: int) -> Iterator[Any]:
        for step, batch in enumerate(toy.drawn(epoch)):
            if (epoch, step) == (1, 2):
                batch["position"][list(clips)] = float("inf")
            yield batch

    return batches


@pytest.mark.parametrize(
    ("clips", "told"),
    [((4, 7), "walk-4, walk-7"), (tuple(range(12)), "walk-0, .*, walk-7 and 4 more")],
)
def test_a_loss_that_is_no_number_says_where(
    toy: ModuleType, tmp_path: Path, clips: tuple[int, ...], told: str
) -> None:
    with pytest.raises(
        InputError, match=rf"finite loss, got nan at epoch 2, step 8 \(clips {told}\)"
    ) as raised:
        toy.train(tmp_path, batches=poisoned(toy, clips), name=lambda row: f"walk-{row}")
    assert str(tmp_path / "last.pt") in str(raised.value) and "\n" not in str(raised.value)
    kept = torch.load(tmp_path / "last.pt", weights_only=True)
    assert kept["state"]["epoch"] == 1 and all(v.isfinite().all() for v in kept["module"].values())
    toy.train(tmp_path, loop={"resume": True})
    assert len(rows(tmp_path)) == 3


def test_a_gradient_that_is_no_number_stops_too(toy: ModuleType, tmp_path: Path) -> None:
    def loss(module: nn.Module, batch: Any) -> Any:
        value, numbers = toy.cross_entropy(module, batch)
        return value + torch.sqrt(module[0].weight[0, 0] * 0).nan_to_num(), numbers

    with pytest.raises(InputError, match="finite gradient"):
        toy.train(tmp_path, loss=loss)


def test_on_a_gpu_the_look_comes_a_step_late() -> None:
    """Stands in for a GPU by what tells one: `is_cuda`."""

    class Value:
        is_cuda = True

        def __init__(self, number: float) -> None:
            self.number = number

        def detach(self) -> "Value":
            return self

        def item(self) -> float:
            return self.number

    guard = Guard(lambda *_: None, nn.Identity(), str, Path("last.pt"))
    guard.look("loss", Value(float("nan")), None, "step 1")  # type: ignore[arg-type]
    guard.look("gradient", Value(1.0), None, "step 1")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="loss, got nan at step 1;"):
        guard.look("loss", Value(1.0), None, "step 2")  # type: ignore[arg-type]
    guard.look("loss", Value(float("inf")), None, "step 3")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="got inf at step 3;"):
        guard.flush()


def test_no_batches(toy: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batches to train on"):
        toy.train(tmp_path, batches=lambda epoch: [])


def test_a_gpu_that_is_not_there(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"GPU for --loop.accelerator cuda.*accelerator cpu"):
        toy.train(tmp_path / "run", loop={"accelerator": "cuda"})
    assert not (tmp_path / "run").exists()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    with pytest.raises(InputError, match="each of 4 processes, got 1"):
        distributed.check_device(LoopConfig())
    distributed.check_device(LoopConfig(accelerator="cpu"))


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"accumulate": 0},
        {"validate_every": 0},
        {"patience": -1},
        {"overfit": -1},
        {"save_steps": -2},
    ],
)
def test_numbers_that_mean_nothing(bad: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"loop.{next(iter(bad))} of"):
        LoopConfig(**bad)


def test_algorithms_that_repeat_are_chosen_and_the_choice_is_undone(toy: ModuleType, tmp_path: Path) -> None:
    chosen = []

    def validate(module: nn.Module) -> dict[str, float]:
        chosen.append(torch.are_deterministic_algorithms_enabled())
        return dict(toy.accuracy(module))

    toy.train(tmp_path, loop={"epochs": 1}, validate=validate)
    assert chosen == [True] and not torch.are_deterministic_algorithms_enabled()


def test_bf16(toy: ModuleType, tmp_path: Path) -> None:
    kinds = set()

    def loss(module: nn.Module, batch: Any) -> Any:
        kinds.add(module(batch["position"]).dtype)
        return toy.cross_entropy(module, batch)

    _, best = toy.train(
        tmp_path, loss=loss, loop={"precision": "bf16-mixed", "epochs": 10}, optim={"lr": 3e-2}
    )
    assert kinds == {torch.bfloat16} and best["val_top1"] > 0.7


def test_progress_on_a_terminal(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    toy.train(tmp_path, say=print)
    out, err = capfd.readouterr()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", err)
    assert "epoch 3/3  batch 5/5  loss " in text and "left" in text
    assert len(out.splitlines()) == 3 and "\x1b" not in out


def test_quiet_where_nobody_watches(
    toy: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    toy.train(tmp_path, say=print)
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 3 and err == ""


def test_curves_are_drawn(tmp_path: Path) -> None:
    log = [
        {"epoch": e, "seconds": 1.0, "lr": 1e-3 / e, "loss": 2.0 / e, "top1": 1 - 1 / e, "grams": 70.0}
        | ({"val_loss": 2.5 / e, "val_top1": 0.9 - 0.8 / e} if e % 2 else {})
        for e in range(1, 20)
    ]
    picture = cv2.imread(str(draw_curves(log, tmp_path / "c.png", "Training")))
    assert picture.shape[1] == 3 * 640
    blue = (picture == (178, 114, 0)).all(-1)  # BGR of the first curve
    assert all(blue[:, at : at + 640].any() for at in (0, 640, 1280))
    one = cv2.imread(str(draw_curves(log[:1], tmp_path / "one.png", "Training")))
    assert one.shape[1] == 3 * 640
    points = [{"epoch": at / 9, "loss": 2.0, "mean loss": 2.1} for at in range(30)]
    below = cv2.imread(str(draw_curves(log, tmp_path / "both.png", "Training", points)))
    assert below.shape[0] > picture.shape[0] + 300 and below.shape[1] == picture.shape[1]
    blue = (below == (178, 114, 0)).all(-1)[picture.shape[0] :]
    assert blue[:, :640].any() and not blue[:, 640:].any()


def test_single_steps_are_told_and_survive_a_kill(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path / "whole", loop={"epochs": 3})
    toy.train(tmp_path / "cut", loop={"epochs": 2})
    toy.train(tmp_path / "cut", loop={"epochs": 3, "resume": True})
    whole, cut = (
        list(csv.DictReader((tmp_path / name / "steps.csv").read_text().splitlines()))
        for name in ("whole", "cut")
    )
    assert list(whole[0]) == ["epoch", "loss", "top1", "mean loss", "mean top1"]
    assert whole[-1]["epoch"] == "3" and len(whole) % 3 == 0 and len(cut) == len(whole)
    own = [float(row["loss"]) for row in whole[: len(whole) // 3]]
    means = [float(row["mean loss"]) for row in whole[: len(whole) // 3]]
    assert means == pytest.approx([sum(own[: at + 1]) / (at + 1) for at in range(len(own))], rel=1e-4)
    assert [row["mean loss"] for row in whole][-1] == rows(tmp_path / "whole")[-1]["loss"]


def test_the_module_is_trained_in_place(toy: ModuleType, tmp_path: Path) -> None:
    module, _ = toy.train(tmp_path)
    kept = weights(tmp_path / "last.pt")
    assert all(torch.equal(value, kept[key]) for key, value in module.state_dict().items())
