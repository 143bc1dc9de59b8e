"""Every data set can be made small: what is made is clean, opens, loads, packs, and is the same each time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bodyverb import datasets
from bodyverb.cli.main import main
from bodyverb.core import InputError
from bodyverb.datasets import _acted, coco_keypoints
from bodyverb.datasets._registry import open_any
from bodyverb.datasets._samples import SampleTable
from bodyverb.datasets.checks import check

OPTIONS = {"pyskl": {"layout": "coco17"}}
COUNT = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("made")
    return {name: datasets.make(name, place / name, count=COUNT) for name in datasets.names()}


@pytest.mark.parametrize("name", datasets.names())
def test_made_is_clean_opens_and_loads(made: dict[str, Path], name: str):
    table = open_any(name, made[name], **OPTIONS.get(name, {}))
    report = check(table, whole=False)
    assert report.findings == () and report.clips == len(table) >= 6
    assert all(ids for split in table.splits.values() for ids in split.values())
    first = table[0]
    assert first.id == table.ids[0]
    if isinstance(table, SampleTable):
        assert len(table.picture(first.id)) > 1000
    elif table.posed:
        height = first.poses.position[0, :, first.poses.skeleton.index("left_shoulder"), 1]
        assert first.poses.present.mean() > 0.7 and np.ptp(height) > 0
        assert first.label is None or first.label in table.classes


@pytest.mark.parametrize("name", ["ntu", "nw_ucla", "utd_mhad", "cmu_mocap", "pku_mmd"])
def test_made_people_stand(made: dict[str, Path], name: str):
    for clip in datasets.open(name, made[name]):
        layout = clip.poses.skeleton
        height = np.nanmean(clip.poses.position[..., 1], axis=(0, 1))
        head, hip, foot = (height[layout.index(joint)] for joint in ("head", "left_hip", "left_ankle"))
        assert head > hip > foot, clip.id


def test_the_command_makes_the_same_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for folder in ("a", "b"):
        assert main(["data", "synth", "nw_ucla", str(tmp_path / folder), "--count", "6", "--seed", "3"]) == 0
    assert "6 files" in capsys.readouterr().out
    files = [sorted((tmp_path / folder).rglob("*.json")) for folder in ("a", "b")]
    assert [one.read_bytes() for one in files[0]] == [one.read_bytes() for one in files[1]]
    assert main(["data", "check", "nw_ucla", str(tmp_path / "a"), "--part"]) == 0
    assert main(["data", "synth", "nw_ucla", str(tmp_path / "a")]) == 2
    assert main(["data", "synth", "nonsense", str(tmp_path / "c")]) == 2
    assert main(["data", "synth", "ntu", str(tmp_path / "c"), "--count", "0"]) == 2


def test_kinds_of_merl(made: dict[str, Path]):
    for kind in ("clips", "pictures"):
        table = open_any("merl", made["merl"], kind=kind)
        assert check(table, whole=False).findings == ()
    assert check(table).findings[0].what == "pictures that are not there"
    with pytest.raises(InputError, match="one of pictures"):
        datasets.open("merl", made["merl"], kind="pictures")


def test_one_person_of_a_picture(made: dict[str, Path]):
    table = open_any("coco_keypoints", made["coco_keypoints"], single=True)
    assert len(table) > COUNT and all(sample.poses.persons == 1 == len(sample.boxes) for sample in table)
    assert open_any("mpii", made["mpii"], single=True).ids


def test_the_crop_of_the_single_person_protocol(made: dict[str, Path]):
    import cv2

    table = open_any("coco_keypoints", made["coco_keypoints"], single=True)
    for sample in table:
        image = cv2.imread(sample.image)
        crop, joints, seen = coco_keypoints.unit_crop(sample, image)
        assert crop.shape == (256, 256, 3) and joints.shape == (16, 2) and seen.shape == (16,)
        known = np.isfinite(joints).all(axis=1)
        assert (np.abs(joints[known] - 0.5) < 0.75).all() and not seen[~known].any()
    dotted = np.zeros_like(image)
    x, y = np.round(sample.poses.position[0, 0, :16][known][0]).astype(int)
    cv2.circle(dotted, (int(x), int(y)), 3, (255, 255, 255), -1)
    bright = np.argwhere(coco_keypoints.unit_crop(sample, dotted)[0][..., 0] > 128).mean(axis=0)[::-1]
    np.testing.assert_allclose((bright + 0.5) / 256, joints[known][0], atol=0.03)
    with pytest.raises(InputError, match="one person"):
        coco_keypoints.unit_crop(open_any("mpii", made["mpii"])[0], image)


def test_cards_load_neither_renderer_nor_opencv():
    code = (
        "import sys; from bodyverb import datasets; [datasets.card(name) for name in datasets.names()]; "
        "assert not {'cv2', 'av', 'scipy', 'bodyverb.datasets.synth.render'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plan_has_all_people_in_every_class():
    plan = _acted.plan(48, 60, (1, 3, 2))
    assert len({one.kind for one in plan}) == 8
    assert all({two.person for two in plan if two.kind == one.kind} == {1, 2, 3} for one in plan)
