"""The mistakes that bench/lstm_study.py makes on purpose are made, and its tables say what was found."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import lstm_projections  # noqa: E402

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCH))
    yield importlib.import_module("lstm_study")
    for name in ("lstm_study", "clips"):
        sys.modules.pop(name, None)


def network(study: ModuleType, mistake: str) -> torch.nn.Module:
    torch.manual_seed(0)
    config = lstm_projections.Config(branches=("3d",), hidden=8)
    layout = skeletons.get("kinect20")
    return study.wrong(lambda _: lstm_projections.build(config, layout, 5, dims=3), mistake)(None).eval()


def test_mistakes(study: ModuleType) -> None:
    clips = torch.randn(4, 1, 6, 20, 3), torch.ones(4, 1, 6, 20), torch.arange(6.0).repeat(4, 1)
    with torch.no_grad():
        right, soft, carried = (network(study, one) for one in ("", "softmax", "carried"))
        torch.testing.assert_close(soft(*clips), right(*clips).softmax(dim=1))
        first = carried(*clips)
        torch.testing.assert_close(first, right(*clips))
        assert (carried(*clips) - first).abs().max() > 1e-4
        fewer = carried(*(one[:2] for one in clips))
        assert fewer.shape == (2, 5) and (right(*clips) == right(*clips)).all()


def test_tables(study: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- study -->\nold\n<!-- end of study -->\nafter\n")
    monkeypatch.setattr(study, "PAGE", page)
    for name, share in (
        ("utd_mhad-xy-yaw-0", 0.5),
        ("utd_mhad-xy-yaw-1", 0.6),
        ("utd_mhad-3d-yaw-softmax-0", 0.1),
    ):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"scores": {"test last": {"top_1": share}}}))
    study.write(tmp_path / "runs")
    lines = page.read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after" and "old" not in lines
    assert "| xy | body | 50.0%, 60.0% | 55.0% |  |  |" in lines
    assert "| 3d | softmax | 10.0% | 10.0% |  |  |" in lines
