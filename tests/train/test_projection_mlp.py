"""The published projection networks: read without executing anything, and as good as was measured."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import FormatError
from bodyverb.formats import ntu_skeleton
from bodyverb.train import projection_mlp

torch = pytest.importorskip("torch", reason="needs the extra [train]")


def network() -> "torch.nn.Sequential":
    torch.manual_seed(0)
    widths = projection_mlp.WIDTHS
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
    between = [part for layer in layers for part in (layer, torch.nn.ReLU())]
    return torch.nn.Sequential(*between[:-1])


def test_as_torch_computes(tmp_path):
    made = network()
    torch.save(made.state_dict(), tmp_path / "a.pt")
    found = projection_mlp.load(tmp_path / "a.pt").only
    points = np.random.default_rng(0).normal(size=(50, 3))
    with torch.no_grad():
        theirs = made(torch.tensor(points, dtype=torch.float32)).numpy() * (512, 424)
    np.testing.assert_allclose(found.project(points), theirs, rtol=1e-4, atol=1e-3)
    assert found.parameters == 686


class Call:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize("content", [{"a": torch.zeros(3)}, {}, [1], {"a": Call()}, Call()])
def test_what_is_no_such_network(tmp_path, content):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(FormatError, match=r"Expected .*a\.pt"):
        projection_mlp.load(tmp_path / "a.pt")


def test_damaged_or_absent(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"nothing")
    for name in ("a.pt", "b.pt"):
        with pytest.raises(FormatError, match="Expected"):
            projection_mlp.load(tmp_path / name)


@pytest.mark.realdata
def test_the_published_networks_miss_by_pixels(data_root: Path):
    """3.6 px on sensor A and 7.2 px on B were measured on ten files; four of them are here."""
    last = projection_mlp.load(data_root / "seed000_models" / "model4.pt").only
    for pattern, expected in (("S001C001*", 3.6), ("S001C003*", 7.2)):
        joints = np.concatenate(
            [ntu_skeleton.read(path).joints.reshape(-1, 12) for path in (data_root / "ntu").glob(pattern)]
        )
        off = last.project(joints[:, :3]) - joints[:, 3:5]
        assert np.linalg.norm(off, axis=1).mean() == pytest.approx(expected, abs=0.3)
