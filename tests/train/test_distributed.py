"""Several processes on this machine, over loopback, are one."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb.train.distributed import rank_share  # noqa: E402

Job = Callable[..., list[int]]


def state(folder: Path, name: str = "last.pt") -> dict:
    return dict(torch.load(folder / name, weights_only=True))


def test_two_processes_equal_one(job: Job, tmp_path: Path) -> None:
    """Without batch statistics and dropout, at the same global batch; averaged weights and logs too."""
    loop = {"epochs": 3, "accumulate": 2, "save_steps": 2}
    alone, both = tmp_path / "alone", tmp_path / "both"
    assert job({"out": str(alone), "loop": loop}) == [0]
    assert job({"out": str(both), "loop": loop}, world=2) == [0, 0]
    for name in ("last.pt", "best.pt"):
        a, b = state(alone, name)["module"], state(both, name)["module"]
        assert max((a[key] - b[key]).abs().max().item() for key in a) < 1e-5
        assert any(not torch.equal(a[key], b[key]) for key in a)  # they did share the work
    logs = [list(csv.DictReader((folder / "log.csv").read_text().splitlines())) for folder in (alone, both)]
    for one, other in zip(*logs, strict=True):
        for key in one.keys() - {"seconds"}:
            assert float(one[key]) == pytest.approx(float(other[key]), abs=1e-5)


def test_two_killed_processes_resume_to_the_bit(job: Job, tmp_path: Path) -> None:
    """Dropout, batch statistics and draws of each process's own."""
    options = {"noisy": True, "loop": {"epochs": 3, "save_steps": 2}}
    assert job(options | {"out": str(tmp_path / "whole")}, world=2) == [0, 0]
    part = options | {"out": str(tmp_path / "part")}
    assert job(part | {"stop": 8}, world=2) == [-9, -9]
    assert 0 < state(tmp_path / "part")["state"]["batch"] < 5
    assert job(part | {"loop": options["loop"] | {"resume": True}}, world=2) == [0, 0]
    a, b = (state(tmp_path / name) for name in ("whole", "part"))
    assert all(torch.equal(a["module"][key], b["module"][key]) for key in a["module"])
    assert not torch.equal(a["generators"][0]["torch"], a["generators"][1]["torch"])


def test_shares_are_equal_and_cover_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    for count, world in ((12, 3), (10, 4), (2, 4), (0, 2)):
        monkeypatch.setenv("WORLD_SIZE", str(world))
        shares = []
        for rank in range(world):
            monkeypatch.setenv("RANK", str(rank))
            shares.append(rank_share(count))
        assert len({len(share) for share in shares}) == 1
        assert set(np.concatenate(shares)) == set(range(count))
