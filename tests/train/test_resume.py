"""A run that is killed at any moment and resumed is, bit for bit, the run that was not."""

import csv
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import __version__  # noqa: E402
from bodyverb.core import InputError, OutputError  # noqa: E402
from bodyverb.train import checkpoints  # noqa: E402

Job = Callable[..., list[int]]
NOISY: dict[str, Any] = {
    "noisy": True,
    "optim": {"name": "sgd", "lr": 0.05, "schedule": "one-cycle", "warmup": 0.3},
    "loop": {"epochs": 4, "accumulate": 2, "save_steps": 2},
}


def equal(a: Any, b: Any) -> bool:
    """The same nested values, tensors to the bit; but for times and "resume"."""
    if isinstance(a, dict):
        ignored = {"seconds", "spent", "resume"}
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a if key not in ignored)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return [
            {key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)
        ]


def points(folder: Path) -> list[tuple[str, int]]:
    """Tag and epoch of all numbers in the TensorBoard files."""
    from tensorboardX.event_file_writer import event_pb2
    from tensorboardX.record_writer import masked_crc32c

    found = []
    for path in folder.glob("events.*"):
        data = path.read_bytes()
        while data:
            size = int.from_bytes(data[:8], "little")
            record, check, data = data[12 : 12 + size], data[12 + size : 16 + size], data[16 + size :]
            assert masked_crc32c(record) == int.from_bytes(check, "little")
            event = event_pb2.Event.FromString(record)
            found += [(value.tag, event.step) for value in event.summary.value]
    return found


def the_same(whole: Path, part: Path) -> None:
    for name in ("last.pt", "best.pt"):
        a, b = (torch.load(folder / name, weights_only=True) for folder in (whole, part))
        assert equal(a, b), name
    rows = log(part)
    assert rows == log(whole) and [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    assert sorted(points(part)) == sorted(points(whole))
    assert len(set(points(part))) == len(points(part)) == len(rows) * (len(rows[0]))
    assert {path.name for path in part.iterdir() if not path.name.startswith("events.")} == {
        "best.pt", "curves.png", "environment.json", "last.pt", "log.csv", "steps.csv",
    }  # fmt: skip


def resumed(options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The options that go on with a folder; that start where nothing was saved yet."""
    return options | {"out": str(folder), "loop": options["loop"] | {"resume": (folder / "last.pt").exists()}}


@pytest.fixture(scope="module")
def whole(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert job(NOISY | {"out": str(folder)}) == [0]
    return folder


def test_killed_at_each_kind_of_write(job: Job, whole: Path, tmp_path: Path) -> None:
    """In the middle of a checkpoint, before and after each rename, ever later in the run."""
    ends = []
    while 0 not in ends:
        ends += job(resumed(NOISY, tmp_path), at=len(ends) + 1)
    assert ends[-1] == 0 and ends.count(-9) == len(ends) - 1 >= 8
    the_same(whole, tmp_path)


def test_killed_at_any_time(job: Job, whole: Path, tmp_path: Path) -> None:
    draw, ends = random.Random(5), [-9]
    slow = NOISY | {"pause": 0.01}
    while ends[-1] == -9:
        patience = {"after": draw.uniform(0.05, 0.3)} if len(ends) < 8 else {}
        ends += job(resumed(slow, tmp_path), **patience)
    assert ends[-1] == 0 and ends.count(-9) >= 3
    the_same(whole, tmp_path)


def test_saved_by_the_clock(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    real = checkpoints.save

    def spy(path: Path, content: dict[str, Any]) -> None:
        saved.append(content.get("state", {}).get("batch", -1))
        real(path, content)

    monkeypatch.setattr(checkpoints, "save", spy)
    toy.train(tmp_path, loop={"epochs": 1, "save_seconds": 1e-9})
    assert saved == [0, 1, 2, 3, 4, 5, -1, 0]


def test_resuming_what_is_finished_changes_nothing(toy: ModuleType, tmp_path: Path) -> None:
    first, best = toy.train(tmp_path)
    again, same = toy.train(tmp_path, loop={"resume": True})
    assert same == best and equal(first.state_dict(), again.state_dict()) and len(log(tmp_path)) == 3


def test_numbers_may_be_of_numpy(toy: ModuleType, tmp_path: Path) -> None:
    def validate(module: Any) -> dict[str, Any]:
        return {key: np.float64(value) for key, value in toy.accuracy(module).items()}

    def loss(module: Any, batch: Any) -> Any:
        value, numbers = toy.cross_entropy(module, batch)
        return value, {key: np.float32(number) for key, number in numbers.items()}

    toy.train(tmp_path, validate=validate, loss=loss, loop={"epochs": 1})
    toy.train(tmp_path, validate=validate, loss=loss, loop={"epochs": 2, "resume": True})
    assert len(log(tmp_path)) == 2


def test_more_epochs_and_threads_may_be_asked_for(toy: ModuleType, tmp_path: Path) -> None:
    changed = {"resume": True, "epochs": 4, "threads": 0, "accelerator": "auto"}
    toy.train(tmp_path, settings={"recipe": {"loop": {"epochs": 3, "resume": False}}})
    toy.train(tmp_path, loop=changed, settings={"recipe": {"loop": {"epochs": 4, "resume": True}}})
    assert len(log(tmp_path)) == 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"optim": {"lr": 0.02}}, "optim.lr 0.02 in place of 0.01"),
        ({"loop": {"seed": 1}}, "loop.seed 1 in place of 0"),
        ({"settings": {"split": ["a"], "model": {"width": 3}}}, "run.model.width 3 in place of 2"),
        ({"settings": {"split": ["b"], "model": {"width": 2}}}, "run.split .'b'. in place of .'a'."),
        ({"batch": 9}, "batch 9 in place of 0"),
    ],
)
def test_other_settings_are_refused(
    toy: ModuleType, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    settings = {"split": ("a",), "model": {"width": 2}}
    toy.train(tmp_path, loop={"epochs": 1}, settings=settings)
    before = (tmp_path / "last.pt").read_bytes()
    options = {"settings": settings} | change
    options["loop"] = {"epochs": 2, "resume": True} | options.get("loop", {})
    with pytest.raises(InputError, match=told) as raised:
        toy.train(tmp_path, **options)
    assert "\n" not in str(raised.value) and (tmp_path / "last.pt").read_bytes() == before


def test_long_lists_are_told_by_their_fingerprint() -> None:
    ids = [f"clip{i}" for i in range(1000)]
    checkpoints.agree({"split": ids}, {"split": list(ids)}, Path("last.pt"))
    with pytest.raises(InputError, match=rf"split {checkpoints.digest(ids[1:])} in place of") as raised:
        checkpoints.agree({"split": ids}, {"split": ids[1:]}, Path("last.pt"))
    assert len(str(raised.value)) < 200


def test_a_finished_run_is_not_overwritten(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"epochs": 1})
    with pytest.raises(InputError, match=r"run folder without a run.*--resume"):
        toy.train(tmp_path, loop={"epochs": 1})


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_checkpoint_cut_short(toy: ModuleType, tmp_path: Path, share: float) -> None:
    toy.train(tmp_path, loop={"epochs": 1})
    data = (tmp_path / "last.pt").read_bytes()
    (tmp_path / "last.pt").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"whole checkpoint.*cut short.*last.pt"):
        toy.train(tmp_path, loop={"epochs": 2, "resume": True})


def test_a_changed_byte_is_seen(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"epochs": 1})
    weights = torch.load(tmp_path / "last.pt", weights_only=True)["module"]["0.weight"]
    data = bytearray((tmp_path / "last.pt").read_bytes())
    at = bytes(data).index(weights.numpy().tobytes())
    data[at + 5] ^= 1
    (tmp_path / "last.pt").write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        checkpoints.load(tmp_path / "last.pt")


@pytest.mark.parametrize("content", [{"module": {}, "state": {}}, {"form": 3, "bodyverb": "9.0"}, [1, 2]])
def test_checkpoints_of_other_versions(toy: ModuleType, tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises(InputError, match=r"form 2, got .*last\.pt"):
        toy.train(tmp_path, loop={"resume": True})


def test_a_checkpoint_says_who_wrote_it(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"epochs": 1})
    assert checkpoints.load(tmp_path / "last.pt")["bodyverb"] == __version__


def test_a_checkpoint_of_another_network(toy: ModuleType, tmp_path: Path) -> None:
    toy.train(tmp_path, loop={"epochs": 1})
    with pytest.raises(InputError, match="checkpoint of this network"):
        toy.train(tmp_path, loop={"epochs": 2, "resume": True}, noisy=True)


def test_a_full_disk_loses_nothing(toy: ModuleType, tmp_path: Path) -> None:
    """The kernel refuses files beyond a size, as a full disk would; later there is room again."""
    resource = pytest.importorskip("resource")
    whole, part = tmp_path / "whole", tmp_path / "part"
    toy.train(whole)
    limits, before, judged = resource.getrlimit(resource.RLIMIT_FSIZE), {}, 0

    def fill(module: Any) -> dict[str, float]:
        nonlocal judged
        judged += 1
        if judged == 3:
            before.update({path.name: path.read_bytes() for path in part.iterdir()})
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["last.pt"]) // 2, limits[1]))
        return dict(toy.accuracy(module))

    try:
        with pytest.raises(OutputError, match=r"room for a checkpoint.*--resume.*\.pt") as raised:
            toy.train(part, validate=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 300
    after = {path.name: path.read_bytes() for path in part.iterdir()}
    for name in ("last.pt", "log.csv"):
        assert after[name] == before[name]
    assert not [name for name in after if name.endswith(".part")]
    toy.train(part, loop={"resume": True})
    the_same(whole, part)
