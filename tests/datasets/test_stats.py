"""`bodyverb data stats`: counts by hand, the picture, the command."""

import json
from pathlib import Path

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.cli.main import main
from bodyverb.core import Clip, PoseSequence, Segment
from bodyverb.core.errors import OutputError
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.stats import NONE, histogram, stats
from bodyverb.outputs.bars import Chart, draw_bars, write_bars


def poses(frames: int, persons: int = 1) -> PoseSequence:
    position = np.ones((persons, frames, 14, 2), np.float32)
    position[:, :, 3] = np.nan  # one joint is never there
    position[:, 0] = np.nan  # nobody in the first frame
    return PoseSequence.from_arrays(position, skeleton=skeletons.get("lsp14"), rate_hz=10)


def test_counts():
    parts = (
        Segment(person_id="0", verb="b", start_s=0.0, end_s=1.0),
        Segment(person_id="0", verb="a", start_s=1.0, end_s=1.5),
    )
    clips = {
        "x": Clip(id="x", poses=poses(21), label="a"),
        "y": Clip(id="y", poses=poses(31, 2), segments=parts),
        "z": Clip(id="z", poses=poses(11)),
    }
    found = stats(ClipTable(ids=tuple(clips), classes=("a", "b", "c"), load=clips.__getitem__))
    assert (found.clips, found.frames, found.persons) == (3, (21, 31, 11), (1, 2, 1))
    assert {name: group.count for name, group in found.classes.items()} == {"a": 2, "b": 1, "c": 0, NONE: 1}
    assert found.classes["a"].seconds == pytest.approx((2.0, 0.5)) and found.classes["a"].missing == 1 / 14
    joints = skeletons.get("lsp14").joints
    assert found.joints == {name: float(place == 3) for place, name in enumerate(joints)}


def test_histogram():
    assert histogram((0.5, 1.0, 1.2, 23.9)) == {
        "0 to 2": 3, "2 to 4": 0, "4 to 6": 0, "6 to 8": 0, "8 to 10": 0, "10 to 12": 0, "12 to 14": 0,
        "14 to 16": 0, "16 to 18": 0, "18 to 20": 0, "20 to 22": 0, "22 to 24": 1,
    }  # fmt: skip
    assert histogram(()) == {} and sum(histogram((0.0, 0.0)).values()) == 2


def test_bars_are_as_long_as_their_values(tmp_path: Path):
    colour = (200, 30, 30)
    image = draw_bars("title", [Chart(title="t", values={"a": 4, "b": 1, "c": 0}, colour=colour)])
    lengths = [int((row == colour).all(axis=1).sum()) for row in image]
    full = max(lengths)
    assert full > 100
    assert sorted({round(length / full, 1) for length in lengths}) in ([0, 0.2, 1], [0, 0.3, 1])
    assert write_bars(tmp_path / "a.png", "", []).stat().st_size > 100
    with pytest.raises(OutputError, match="such as .png"):
        write_bars(tmp_path / "a.nonsense", "", [])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    body = np.random.default_rng(0).normal(size=(9, 20, 3)).tolist()
    text = json.dumps({"file_name": "a12_s01_e00_v01", "skeletons": body, "label": "10"})
    (tmp_path / "a12_s01_e00_v01.json").write_text(text)
    words = ["data", "stats", "nw_ucla", str(tmp_path)]
    assert main([*words, "--plot", str(tmp_path / "plot.png")]) == 0
    out = capsys.readouterr().out
    assert "1 clips, 9 frames" in out and "carry" in out and "No joint is missing." in out
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"]["carry"]["count"] == 1
