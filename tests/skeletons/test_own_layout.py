"""Layouts from a user's file: what is understood, and what each defect says."""

import json
from pathlib import Path
from typing import Any

import pytest

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Skeleton

JOINTS = ["head", "pelvis", "left_hand", "right_hand", "left_foot", "right_foot"]
PARENTS = {joint: "pelvis" for joint in JOINTS if joint != "pelvis"}
STAR: dict[str, Any] = {"name": "star6", "joints": JOINTS, "parents": PARENTS, "root": ["pelvis"]}
EXPECTED = Skeleton(
    name="star6",
    joints=tuple(JOINTS),
    parents=(1, -1, 1, 1, 1, 1),
    limbs=((1, 0), (1, 2), (1, 3), (1, 4), (1, 5)),
    flip=(0, 1, 3, 2, 5, 4),
    root=(1,),
)


def written(folder: Path, data: Any, name: str = "mine.json") -> str:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"parents": ["pelvis", "", "pelvis", "pelvis", "pelvis", "pelvis"]},
        {"parents": [1, -1, 1, 1, 1, 1], "root": [1]},
        {"parents": ["pelvis", None, 1, 1, 1, 1]},
        {"flip": {"left_hand": "right_hand", "right_foot": "left_foot"}},
        {"flip": ["head", "pelvis", "right_hand", "left_hand", 5, 4], "sigmas": None},
        {"limbs": [["pelvis", joint] for joint in JOINTS if joint != "pelvis"]},
    ],
)
def test_ways_to_say_the_same(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert skeletons.get(written(tmp_path, {**STAR, **changes})) == EXPECTED


def test_toml_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = """
        name = "star6"
        joints = ["head", "pelvis", "left_hand", "right_hand", "left_foot", "right_foot"]
        root = ["pelvis"]
        [parents]  # joints that are not named here are roots
        head = "pelvis"
        left_hand = "pelvis"
        right_hand = "pelvis"
        left_foot = "pelvis"
        right_foot = "pelvis"
    """
    assert skeletons.get(written(tmp_path, text, "mine.toml")) == EXPECTED
    assert skeletons.get(written(tmp_path, "\ufeff" + json.dumps(STAR), "MINE.JSON")) == EXPECTED


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "own-layout.md").read_text(encoding="utf-8")
    text = page.split("```toml\n")[1].split("```")[0]
    layout = skeletons.get(written(tmp_path, text, "cyclist.toml"))
    assert (len(layout), layout.parents[7], layout.flip[7]) == (9, 5, 8)
    with pytest.raises(FormatError, match="in parents, got 'left_hpi'; did you mean 'left_hip'"):
        skeletons.get(
            written(tmp_path, text.replace('knee = "left_hip"', 'knee = "left_hpi"'), "cyclist.toml")
        )


@pytest.mark.parametrize("name", skeletons.names())
def test_every_layout_survives_a_file(name: str, tmp_path: Path) -> None:
    layout = skeletons.get(name)
    assert skeletons.load(written(tmp_path, layout.to_dict())) == layout


STAR_TOML = f"""
name = "star6"
joints = {JOINTS}
parents = [1, -1, 1, 1, 1, 1]
root = [1]
"""


DEFECTS: list[tuple[Any, str]] = [
    ("{", "as JSON, got Expecting"),
    ("[]", "got no table"),
    ('{"name": "a", "name": "b"}', "got the key 'name' twice"),
    ({**STAR, "sigmas": [float("nan")] * 6}, "the number NaN"),
    ("[" * 100_000, "as JSON, got "),
    (" " * ((1 << 20) + 1), "at most 1048576 bytes"),
    ({**STAR, "parent": {}}, "got 'parent'; did you mean 'parents'"),
    ({key: value for key, value in STAR.items() if key != "root"}, "got none for root; add it"),
    ({**STAR, "name": 3}, "name as text, got 3"),
    ({**STAR, "name": ""}, "with a name, got an empty one"),
    ({**STAR, "name": "coco17"}, "got 'coco17', another layout's; rename it"),
    ({**STAR, "joints": "head"}, "joints as a list of names"),
    ({**STAR, "joints": [*JOINTS[:-1], 7]}, "joints as a list of names"),
    ({**STAR, "joints": [*JOINTS, "head"], "parents": PARENTS}, "unique joint names .* got .'head'. twice"),
    ({**STAR, "joints": [*JOINTS, ""]}, "Expected named joints"),
    ({**STAR, "joints": [f"j{at}" for at in range(1001)]}, "at most 1000 joints, got 1001"),
    ({**STAR, "parents": {**PARENTS, "head": "pelvic"}}, "parents, got 'pelvic'; did you mean 'pelvis'"),
    ({**STAR, "parents": {**PARENTS, "tail": "pelvis"}}, "parents, got 'tail'; use one of head, pelvis, "),
    ({**STAR, "parents": {**PARENTS, "pelvis": "head"}}, "forest of parents .* a cycle through 'head'"),
    ({**STAR, "parents": [1, -1, 1]}, "Expected 6 parents .* got 3; give one a joint"),
    ({**STAR, "parents": [1, -1, 1, 1, 1, 6]}, r"parents .* in -1\.\.5, got \[6\]; indices are 0-based"),
    ({**STAR, "parents": [1, -1, 1.0, 1, 1, 1]}, "names or whole numbers in parents, got 1.0"),
    ({**STAR, "parents": [1, -1, True, 1, 1, 1]}, "names or whole numbers in parents, got True"),
    ({**STAR, "parents": {**PARENTS, "left_hand": "head"}}, "parents .* survive the flip"),
    ({**STAR, "parents": 5}, "parents as a list, got 5"),
    ({**STAR, "limbs": [["head"]]}, r"limbs as pairs of joints, got \['head'\]"),
    ({**STAR, "limbs": [["head", "head"]]}, "limbs between two joints .* got a loop"),
    ({**STAR, "limbs": [["head", "knee"]]}, "limbs, got 'knee'; use one of"),
    ({**STAR, "limbs": [["pelvis", "left_foot"]]}, "one-sided limbs; add the other side"),
    ({**STAR, "flip": [1, 2, 0, 3, 4, 5]}, "identity .* got 'head' -> 'pelvis' -> 'left_hand'; pair"),
    (
        {**STAR, "flip": {"left_hand": "right_hand", "left_foot": "right_hand"}},
        "image of 'right_hand' in flip",
    ),
    ({**STAR, "flip": {}}, "mirror images of each other, got 'left_hand' and 'left_hand'"),
    ({**STAR, "flip": {"head": 99}}, r"flip .* got \[99\]"),
    ({**STAR, "joints": JOINTS[:-1], "parents": {}}, "Expected 'right_foot' beside 'left_foot' in joints"),
    ({**STAR, "root": "pelvis"}, "root as a list, got 'pelvis'"),
    ({**STAR, "root": []}, "Expected distinct root joints"),
    ({**STAR, "root": ["hips"]}, "root, got 'hips'; use one of"),
    ({**STAR, "root": ["left_hand"]}, "root .* survive the flip"),
    ({**STAR, "sigmas": [0.1] * 5}, "Expected 6 sigmas .* got 5"),
    ({**STAR, "sigmas": [0.1] * 5 + [-1]}, "sigmas > 0"),
    ({**STAR, "sigmas": [0.1] * 5 + ["x"]}, "sigmas as numbers, got 'x'"),
    ({**STAR, "sigmas": 0.1}, "sigmas as a list"),
]


@pytest.mark.parametrize(("data", "message"), DEFECTS, ids=[message[:40] for _, message in DEFECTS])
def test_each_defect_is_named(tmp_path: Path, data: Any, message: str) -> None:
    path = written(tmp_path, data)
    with pytest.raises(FormatError, match=message) as caught:
        skeletons.get(path)
    assert str(caught.value).startswith("Expected ") and str(caught.value).endswith(f": {path}")


@pytest.mark.parametrize(
    "text", ["name = ", 'name = "a"\nname = "b"', "\x00", STAR_TOML + "sigmas = [inf, 1, 1, 1, 1, 1]"]
)
def test_defects_of_toml(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match=r"mine\.toml"):
        skeletons.get(written(tmp_path, text, "mine.toml"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No such file.*absent\.json"):
        skeletons.get(str(tmp_path / "absent.json"))
    with pytest.raises(InputError, match=r"ending \.json or \.toml, got 'mine\.yaml'"):
        skeletons.load(written(tmp_path, "", "mine.yaml"))
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="utf-8"):
        skeletons.load(tmp_path / "bytes.json")


def test_poses_move_to_an_own_layout_and_back(tmp_path: Path) -> None:
    path = written(tmp_path, STAR)
    position = [[[float(joint), 2.0 * joint] for joint in range(20)]]
    poses = PoseSequence.from_arrays(position, skeleton=skeletons.get("kinect20"), rate_hz=10)
    after, report = skeletons.convert(poses, path)
    assert report.exact == tuple(JOINTS) and after.skeleton == EXPECTED
    assert after.position[0, 0, :, 0].tolist() == [3, 0, 7, 11, 15, 19]
    back, report = skeletons.convert(after, "kinect20")
    assert set(JOINTS) == set(report.exact) and not report.approximate
    assert back.present.sum() == len(JOINTS)
