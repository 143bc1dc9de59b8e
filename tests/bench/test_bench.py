"""What the bench computes and writes, without measuring anything."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"
NAMES = ("clips", "joints", "machine", "nets", "process", "results", "tables")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The scripts' modules, as they find each other when started from the command line."""
    monkeypatch.syspath_prepend(str(BENCH))
    for name in NAMES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield {name: importlib.import_module(name) for name in NAMES}
    for name in NAMES:
        sys.modules.pop(name, None)


def test_joint_distance(bench: dict[str, ModuleType]) -> None:
    joints = bench["joints"]
    truth = np.zeros((3, len(joints.COMMON), 2))
    truth[:, :6, 1] = -100  # arms at shoulder height, 100 px above the hips
    found = truth + np.array([3.0, 4.0])
    found[1] = np.nan
    row = joints.compare(found, truth)
    assert row["median_px"] == pytest.approx(5) and row["median_share"] == pytest.approx(0.05)
    assert row["missing"] == pytest.approx(1 / 3) and row["within_02"] == 1
    assert set(row["by_part"]) == set(joints.PARTS)


def test_golden_joints_of_both_kinds(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    joints = bench["joints"]
    named = {name: {"x": at, "y": at + 0.5} for at, name in enumerate(joints.COMMON)}
    (tmp_path / "named.json").write_text(str([named] * 2).replace("'", '"'))
    first = joints.golden(tmp_path / "named.json")
    many = [[at * 1.0, 0.0, 0.0] for at in range(33)]
    (tmp_path / "many.json").write_text(str([many]))
    second = joints.golden(tmp_path / "many.json")
    assert first.shape == (2, 12, 2) and first[0, 11].tolist() == [11, 11.5]
    assert second[0, :, 0].tolist() == [*range(11, 17), *range(23, 29)]


def test_looping_copies_packets(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    from bodyverb.media import VideoWriter, open_source

    block, rate = tmp_path / "block.mp4", bench["clips"].RATE_HZ
    with VideoWriter(block, (64, 48), rate) as writer:
        for at in range(9):
            writer.write(np.full((48, 64, 3), 20 * at, np.uint8), at / rate)
    bench["clips"].loop(block, tmp_path / "long.mp4", 3)
    with open_source(tmp_path / "long.mp4") as media:
        times = [frame.time_s for frame in media]
    assert np.allclose(times, np.arange(27) / rate, atol=1e-3)


def test_the_page_without_measurements(bench: dict[str, ModuleType]) -> None:
    page = bench["tables"].page({})
    assert page.count("Not measured yet") == len(bench["tables"].SECTIONS)


def test_every_section_is_written(bench: dict[str, ModuleType]) -> None:
    tables, made = bench["tables"], bench["machine"].where_and_when()
    speed = {
        "variant": "all", "frames": 60, "repeats": 3, "wall_s": 2.0, "fps": 30.0, "fps_worst": 29.0,
        "fps_without_start": 33.0, "stages_s": {"find": 1.0}, "verbs": ["squat"], "people": 1,
    }  # fmt: skip
    millis = {f"{kind}_ms_{n}": 1.5 for kind in ("graph", "whole") for n in (1, 2)}
    joint = {
        "video": "a.mp4", "joints": "smoothed", "filter": "one-euro", "median_px": 9.0, "median_share": 0.1,
        "within_02": 0.9, "missing": 0.0, "by_part": {"wrist": 0.2}, "frames_of_video": 65, "torso_px": 90.0,
        "people": 1, "verbs": [],
    }  # fmt: skip
    latest = {
        "speed": {"rows": [speed], "clip": "a clip", "nets": "a, b, c", "decode_fps": 300.0},
        "stages": {"threads": None, "ms_a_frame": {"pose": 4.0, "frames between two finds": 8.0}},
        "networks": {"rows": [{"network": "nets/x/", "unit": "crop", **millis}]},
        "memory": {
            "rows": [{"minutes": m, "frames": 9, "peak_mib": 100.0 + m, "fps": 50.0} for m in (1, 3)],
            "clip": "a clip",
            "nets": "a, b, c",
        },
        "startup": {"rows": [{"what": "x", "seconds": 0.2, "above_python": 0.1}], "repeats": 15},
        "joints": {"rows": [joint], "nets": "a, b, c"},
    }
    page = tables.page({name: {"made": made, **content} for name, content in latest.items()})
    assert "Not measured" not in page and set(latest) == set(tables.SECTIONS)
    for told in ("| 10% |", "**30.0**", "| x | crop | 1.50", "+2.0%", "| 250 |", "one-euro", "**0.100**"):
        assert told in page, told
