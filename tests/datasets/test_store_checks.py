"""`bodyverb data check`: a sound set has no findings; each fault has its own."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bodyverb import datasets, skeletons
from bodyverb.core import Clip, FormatError, PoseSequence, Segment
from bodyverb.datasets._table import ClipTable
from bodyverb.datasets.checks import Finding, Report, check

STAND = np.stack([np.linspace(-0.3, 0.3, 25), np.linspace(-0.9, 0.8, 25), np.full(25, 2.5)], axis=-1)
Position = np.ndarray


def clip(name: str, label: str | None = "sit", frames: int = 20, **fields: Any) -> Clip:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    position = (STAND + rng.normal(scale=0.01, size=(1, frames, 25, 3))).astype(np.float32)
    poses = PoseSequence.from_arrays(
        position, skeleton=skeletons.get("kinect25"), rate_hz=30, axes="kinect", rate="nominal"
    )
    return Clip(id=name, poses=poses, label=label, **fields)


def moved(one: Clip, change: Callable[[Position], object]) -> Clip:
    """The clip with other positions, changed in place."""
    position = one.poses.position.copy()
    change(position)
    poses = one.poses
    kept = {key: getattr(poses, key) for key in ("skeleton", "timestamps_s", "axes", "unit", "space", "rate")}
    return replace(one, poses=PoseSequence.from_arrays(position, **kept))


def table(*clips: Clip, **fields: Any) -> ClipTable:
    by_id = {one.id: one for one in clips}
    splits = {"half": {"train": tuple(by_id)[::2], "test": tuple(by_id)[1::2]}}
    known: dict[str, Any] = {"ids": tuple(by_id), "classes": ("sit", "stand"), "splits": splits}
    return ClipTable(load=by_id.__getitem__, **(known | fields))


def sound() -> list[Clip]:
    return [clip(f"c{number}", ("sit", "stand")[number // 2 % 2]) for number in range(6)]


def found(report: Report, text: str) -> Finding:
    matching = [one for one in report.findings if text in one.what]
    assert len(matching) == 1, [one.what for one in report.findings]
    return matching[0]


def test_nothing_to_say():
    told: list[tuple[int, int]] = []
    report = check(table(*sound(), published={"clips": 6}), seen=lambda *done: told.append(done))
    assert report.findings == () and report.sound
    assert (report.clips, report.frames, told[-1]) == (6, 120, (6, 6))
    assert report.parts == {"half/train": 3, "half/test": 3} and report.classes == {"sit": 4, "stand": 2}


def nan(joints: slice, frames: slice = slice(None)) -> Callable[[Position], object]:
    return lambda position: position.__setitem__((slice(None), frames, joints), np.nan)


@pytest.mark.parametrize(
    ("faulty", "level", "what"),
    [
        (clip("x", "fly"), "damaged", "a label that is no class"),
        (clip("x", None), "surprising", "no label"),
        (clip("x", frames=0), "damaged", "no frames"),
        (clip("x", frames=1), "surprising", "one frame"),
        (clip("x", frames=201), "surprising", "more than 10 times the usual 20 frames"),
        (moved(clip("x"), nan(slice(None))), "surprising", "nobody"),
        (moved(clip("x"), nan(slice(None), slice(5, 8))), "surprising", "frames with nobody"),
        (moved(clip("x"), nan(slice(13))), "surprising", "more than half of the joints"),
        (moved(clip("x"), lambda at: at[:, 3, :2].fill(0)), "surprising", "at exactly zero"),
        (moved(clip("x"), lambda at: at.__imul__(1000)), "surprising", "bodies smaller"),
        (moved(clip("x"), lambda at: at.__iadd__(50)), "surprising", "more than 30 m away"),
        (moved(clip("x"), lambda at: at.__setitem__(slice(None), STAND)), "surprising", "nothing moves"),
        (moved(clip("x"), lambda at: at[:, 9:].__iadd__(1.5)), "surprising", "a person jumps"),
        (clip("x", meta={"id_changes": 2}), "surprising", "id of a person changes"),
        (clip("x", meta={"dropped_rows": 1}), "surprising", "label rows"),
        (
            clip("x", None, segments=(Segment(person_id="0", verb="sit", start_s=0, end_s=9),)),
            "damaged",
            "a segment outside",
        ),
        (
            clip("x", None, segments=(Segment(person_id="0", verb="fly", start_s=0, end_s=0.1),)),
            "damaged",
            "of no class",
        ),
    ],
)
def test_a_faulty_clip_is_named(faulty: Clip, level: str, what: str):
    report = check(table(*sound(), faulty))
    finding = found(report, what)
    assert (finding.level, finding.count, finding.examples) == (level, 1, ("x",))
    assert report.sound == (level == "surprising")


def test_a_gap_in_time():
    one = clip("x")
    times = np.arange(20) / 30 + (np.arange(20) > 9)
    late = replace(one, poses=one.poses.replace(timestamps_s=times))
    assert found(check(table(*sound(), late)), "a gap").examples == ("x",)


def test_what_is_not_here():
    short = table(*sound()[:2], published={"clips": 6, "half/train": 1})
    report = check(short)
    assert not report.sound and len(report.findings) == 2
    assert found(report, "clips: 2 of 6 published").level == "missing"
    assert found(report, "classes without a clip").examples == ("stand",)
    assert check(short, whole=False).sound


def test_the_same_poses_twice_and_across_parts():
    first, *others = sound()
    report = check(table(first, replace(first, id="copy"), *others))
    assert found(report, "under several ids").examples == ("c0 = copy",)
    assert found(report, "half: the same poses in several parts").level == "surprising"


def test_ids_and_parts():
    clips = sound()
    parts = {"train": ("c0", "c1"), "test": ("c1", "c2", "ghost")}
    broken = check(table(*clips, splits={"half": parts}, twice=("a.txt",)))
    assert found(broken, "half: in several parts").examples == ("c1",)
    assert found(broken, "ids that are not there").examples == ("ghost",)
    assert found(broken, "half: in no part").count == 3
    assert found(broken, "files of one name").examples == ("a.txt",)
    assert found(check(table(*clips, ids=("c0", "c0"))), "ids that several have").examples == ("c0",)


def test_a_file_that_cannot_be_read():
    def load(name: str) -> Clip:
        if name == "c1":
            raise FormatError("Expected numbers, got letters; see c1.txt")
        return clip(name)

    report = check(ClipTable(ids=("c0", "c1"), classes=("sit",), load=load))
    finding = found(report, "cannot be read")
    assert finding.level == "damaged" and finding.examples == (
        "c1: Expected numbers, got letters; see c1.txt",
    )


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "clips", "parts"),
    [
        ("utd_mhad", 861, {"odd-even/train": 431, "odd-even/test": 430}),
        ("nw_ucla", 1484, {"cross-view/train": 1020, "cross-view/test": 464}),
    ],
)
def test_real_sets_are_whole(data_root, name, clips, parts):
    report = check(datasets.open(name, data_root / name))
    assert report.clips == clips and parts.items() <= report.parts.items()
    assert not [one for one in report.findings if one.level == "missing"]
    twice = "cross-view: the same poses in several parts"
    if name == "nw_ucla":  # clips of view 2 that are the same as one of view 3, in the published files
        one = found(report, twice)
        assert (one.level, one.count, report.sound) == ("surprising", 95, True)
        assert not [one for one in report.findings if "unseen: the same poses" in one.what]
        assert report.parts["cross-view-unseen/test"] == 464 - 95
        assert one.examples[0] == "a02_s01_e00_v02 = a02_s01_e00_v03"
    else:
        assert report.findings == ()
