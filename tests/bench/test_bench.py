"""What the bench computes and writes, without measuring anything."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"
NAMES = (
    "clips", "contest", "environments", "joints", "machine", "markup", "nets", "peers", "peers_page",
    "process", "readers", "results", "speed", "stages", "store", "tables", "watch",
)  # fmt: skip


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


def test_points_move_with_the_picture(bench: dict[str, ModuleType]) -> None:
    """A 576 x 576 picture stands 1080 px high in the middle; the clip begins anew after its frames."""
    points = np.array([[[-0.5, -0.5], [575.5, 287.5]], [[0.0, 0.0], [1.0, 1.0]]])
    moved = bench["clips"].on_clip(points, (576, 576), 5)
    assert moved.shape == (5, 2, 2)
    np.testing.assert_allclose(moved[0], [[419.5, -0.5], [1499.5, 539.5]])
    np.testing.assert_allclose(moved[4], moved[0])
    np.testing.assert_allclose(moved[1, 1] - moved[1, 0], [1.875, 1.875])


def test_a_watched_process(bench: dict[str, ModuleType]) -> None:
    """The memory of what it starts counts; an error is told."""
    hold = "import time; held = bytearray(b'x') * (64 << 20); time.sleep(0.5)"
    parent = f"import subprocess, sys; print('said'); subprocess.run([sys.executable, '-c', {hold!r}])"
    done = bench["watch"].watched([sys.executable, "-c", parent])
    assert done.said == "said\n" and done.wall_s >= 0.5 and done.cpu_s > 0 and done.peak_bytes > 64 << 20
    with pytest.raises(RuntimeError, match="ended with 3: why"):
        bench["watch"].watched([sys.executable, "-c", "import sys; sys.stderr.write('why'); sys.exit(3)"])


def test_an_environment_is_made_once(
    bench: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments, made = bench["environments"], []

    def run(command: list[str], check: bool) -> SimpleNamespace:
        made.append(command)
        if "venv" in command:
            python = Path(command[-1]) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(environments, "HERE", tmp_path)
    monkeypatch.setattr(environments.subprocess, "run", run)
    first = environments.interpreter("mediapipe")
    assert "mediapipe==0.10.21" in made[1] and made[1][0] == str(first) and len(made) == 2
    assert environments.interpreter("mediapipe") == first and len(made) == 2
    monkeypatch.setitem(environments.REQUIREMENTS, "mediapipe", ("mediapipe==0.10.20",))
    environments.interpreter("mediapipe")
    assert len(made) == 4


def test_peers_take_turns(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    """Rows, errors against both videos and ratios; a ratio with worse joints does not count."""
    peers, contest, joints = bench["peers"], bench["contest"], bench["joints"]
    whole = np.zeros((2, len(joints.COMMON), 2))
    whole[:, :6, 1] = -100
    named = [
        {name: {"x": x, "y": y} for name, (x, y) in zip(joints.COMMON, frame, strict=True)} for frame in whole
    ]
    (tmp_path / "pose_1.json").write_text(json.dumps(named))
    (tmp_path / "pose_squats.full.json").write_text(json.dumps(named))
    order = []

    def tool(name: str, wall_s: float, away_px: float) -> Any:
        def turn(clip: Path, out: Path) -> Any:
            order.append(name)
            truth = whole if clip.stem == "pose_squats" else bench["clips"].on_clip(whole, peers.SIZE, 4)
            far = {"its own": truth + np.array([away_px, 0])}
            return contest.Turn(len(truth), wall_s * len(order), 1.0, 0.4, 1 << 30, far)

        return contest.Contestant(name, "words", turn)

    alone = contest.Contestant(
        "decoding alone", "words", lambda clip, out: contest.Turn(4, 1.0, 1.0, 0.4, 1 << 20)
    )
    everybody = [alone, tool("bodyverb", 1.0, 2), tool("MediaPipe", 3.0, 1)]
    rows = peers.measure_peers(tmp_path / "clip.mp4", tmp_path / "pose_squats.mp4", everybody, 2)
    assert order[:4] == ["bodyverb", "MediaPipe"] * 2
    assert [row["peak_mib"] for row in rows] == [1, 1024, 1024]
    assert rows[0]["cpu_ms"] == pytest.approx(100)
    assert rows[1]["joints"]["pose_1.mp4"]["its own"]["median_px"] == pytest.approx(2)
    ratio = peers.ratios(rows)[0]
    assert (
        ratio["lowest"] == pytest.approx(4) and ratio["highest"] == pytest.approx(6) and not ratio["counts"]
    )
    rows[1], rows[2] = rows[2] | {"name": "bodyverb"}, rows[1] | {"name": "MediaPipe"}
    assert peers.ratios(rows)[0]["counts"]
    slow = contest.Contestant("slow", "words", lambda clip, out: contest.Turn(3, 1.0, 1.0, 1.0, 1))
    with pytest.raises(SystemExit, match="same frames"):
        peers.measure_peers(tmp_path / "clip.mp4", tmp_path / "pose_squats.mp4", [alone, slow], 1)


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
        "video": "a.mp4", "joints": "smoothed", "filter": "one-euro", "frames_of_video": 65, "people": 1,
        "verbs": [], "median_px": 9.0, "median_share": 0.1, "mean_share": 0.12, "within_02": 0.9,
        "missing": 0.0, "by_part": {"wrist": 0.2}, "torso_px": 90.0,
    }  # fmt: skip
    videos = ("pose_1.mp4", "pose_squats.mp4")
    peer = {
        "words": "words", "frames": 60, "fps": 100.0, "fps_of_turns": [90.0, 110.0], "peak_mib": 300.0,
        "fps_without_start": 120.0, "cpu_ms": 8.5,
    }  # fmt: skip
    reader = {
        "reader": "a reader", "mb_s": 210.0, "times": 4.5, "times_lowest": 4.0, "times_highest": 5.0,
    }  # fmt: skip
    latest = {
        "speed": {"rows": [speed], "clip": "a clip", "nets": "a, b, c", "decode_fps": 300.0},
        "stages": {
            "threads": None,
            "ms_a_frame": {"decode alone": 1.0, "pose": 4.0, "find": 1.0, "frames between two finds": 8.0},
        },
        "networks": {"rows": [{"network": "nets/x/", "unit": "crop", **millis}]},
        "memory": {
            "rows": [{"minutes": m, "frames": 9, "peak_mib": 100.0 + m, "fps": 50.0} for m in (1, 3)],
            "clip": "a clip",
            "nets": "a, b, c",
        },
        "peers": {
            "clip": "a clip",
            "turns": 2,
            "rows": [
                {**peer, "name": "decoding alone", "fps": 400.0},
                {
                    **peer,
                    "name": "bodyverb",
                    "joints": {v: {"smoothed": joint, "raw": joint} for v in videos},
                },
            ],
            "ratios": [
                {"of": "bodyverb", "over": "x", "ratio": 2.5, "lowest": 2.4, "highest": 2.6, "counts": False}
            ],
        },
        "startup": {"rows": [{"what": "x", "seconds": 0.2, "above_python": 0.1}], "repeats": 15},
        "joints": {"rows": [joint], "nets": "a, b, c"},
        "readers": {
            "what": "made files",
            "turns": 2,
            "ntu": [reader],
            "pku": [reader],
            "scaling": [{"processes": 1, "mb_s": 200.0, "mb_s_core": 210.0}],
        },
        "store": {
            "packing": {
                "files": 2000, "megabytes": 700.0, "store_megabytes": 200.0, "jobs": 2, "seconds": 14.0,
                "cpu_seconds": 20.0, "peak_mb": 301.0, "seconds_again": 8.0, "kept": 1003, "same": True,
                "done_at_the_kill": 1003, "redone": 14, "jobs_ended_with_it": True,
            },
            "batches": [
                {
                    "kind": "float16", "ms": {"store": 0.25, "pickle": 0.75}, "ratio": 3.0, "share": 0.011,
                    "anonymous_mb": {"store": 0.1, "pickle": 9.0},
                }
            ],
        },
    }  # fmt: skip
    page = tables.page({name: {"made": made, **content} for name, content in latest.items()})
    assert "Not measured" not in page and set(latest) == set(tables.SECTIONS)
    assert "| bodyverb | **100.0** | 90.0 to 110.0 | 120.0 | 25% | 8.5 | 300 |" in page
    assert "| bodyverb, raw | **0.100** | 0.120 | 90.0% | 0.0% | **0.100** | 0.120 |" in page
    assert "**301 MB**" in page and "**0.70%**" in page and "| **3.00** | 0.1 | 9.0 | **1.1%** |" in page
    assert "**2.50** | 2.40 to 2.60 | no" in page and "| pose | 4.00 | 80% | 250 |" in page
    for told in ("| 10% |", "**30.0**", "| x | crop | 1.50", "+2.0%", "| 250 |", "one-euro", "**0.100**"):
        assert told in page, told


def test_readers_see_the_same_joints(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    readers = bench["readers"]
    ntu, pku = readers.made_files(tmp_path)
    whole = readers.every_field(ntu[0])
    for reader in (readers.xyz_to_array, readers.xyz_by_numpy, readers.xyz_to_lists):
        np.testing.assert_allclose(np.array(reader(ntu[0])), whole.joints[..., :3], rtol=1e-6)
    np.testing.assert_array_equal(readers.pku_text.read_array(pku[0]).reshape(-1, 150), np.loadtxt(pku[0]))
