"""Contracts over every layout, and their joint orders against real data."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, Skeleton

LAYOUTS = {
    "lsp14": 14, "penn13": 13, "coco17": 17, "kinect25": 25, "kinect20": 20, "utd20": 20, "mpii16": 16,
    "h36m17": 17, "h36m32": 32, "openpose18": 18, "openpose25": 25, "blazepose33": 33, "hemlets18": 18,
    "pa16": 16, "pa17": 17, "pa20": 20, "hand21": 21,
}  # fmt: skip


def test_names() -> None:
    assert set(LAYOUTS) <= set(skeletons.names())


@pytest.mark.parametrize("name", skeletons.names())
def test_contract(name: str) -> None:
    layout = skeletons.get(name)
    assert layout.name == name
    assert len(layout) == LAYOUTS.get(name, len(layout))
    assert Skeleton.from_dict(json.loads(json.dumps(layout.to_dict()))) == layout
    sides = layout.sides
    opposite = {"left": "right", "right": "left", "centre": "centre"}
    assert all(sides[other] == opposite[sides[joint]] for joint, other in enumerate(layout.flip))
    stems = [joint.removeprefix("left_").removeprefix("right_") for joint in layout.joints]
    assert all(stems[other] == stems[joint] for joint, other in enumerate(layout.flip))
    touched = {end for limb in layout.limbs for end in limb}
    assert touched == set(range(len(layout))), "every joint is drawn"
    assert sum(parent < 0 for parent in layout.parents) == 1, "these layouts are trees"
    roots = ({"left_hip", "right_hip"}, {"pelvis"}, {"wrist"} if name == "hand21" else None)
    assert {layout.joints[joint] for joint in layout.root} in roots


def test_coco_as_published() -> None:
    coco = skeletons.get("coco17")
    wanted = "0-5 0-6 5-7 7-9 6-8 8-10 5-11 11-13 13-15 6-12 12-14 14-16 0-1 0-2 1-3 2-4 11-12"
    assert [f"{a}-{b}" for a, b in coco.limbs] == wanted.split()
    reference = pytest.importorskip("pycocotools.cocoeval").Params(iouType="keypoints")
    np.testing.assert_allclose(coco.sigmas, reference.kpt_oks_sigmas)


def test_the_two_orders_of_kinect_v1_hold_the_same_joints() -> None:
    sdk, utd = skeletons.get("kinect20"), skeletons.get("utd20")
    assert set(sdk.joints) == set(utd.joints) and sdk.joints != utd.joints
    bones = [
        {
            (layout.joints[joint], layout.joints[parent])
            for joint, parent in enumerate(layout.parents)
            if parent >= 0
        }
        for layout in (sdk, utd)
    ]
    assert bones[0] == bones[1]


def test_unknown_layout_names_the_known_ones() -> None:
    with pytest.raises(
        InputError, match="Expected a name in skeletons, got 'body99'; use one of blazepose33, coco17, "
    ):
        skeletons.get("body99")


def test_layout_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**skeletons.get("penn13").to_dict(), "name": "mine"}))
    assert skeletons.get(str(path)).name == "mine"
    path.write_text("{")
    with pytest.raises(FormatError, match=r"as JSON.*mine\.json"):
        skeletons.load(path)
    path.write_text("[]")
    with pytest.raises(FormatError, match=r"Expected.*mine\.json"):
        skeletons.load(path)
    with pytest.raises(InputError, match=r"No such file.*absent\.json"):
        skeletons.load(tmp_path / "absent.json")


def _members(path: Path, ending: str, count: int) -> list[bytes]:
    """The first files of a tar, decompressing no more than they need."""
    found: list[bytes] = []
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile() and member.name.endswith(ending):
                handle = tar.extractfile(member)
                assert handle is not None
                found.append(handle.read())
                if len(found) == count:
                    break
    return found


def _penn(root: Path) -> np.ndarray:
    rows = []
    for raw in _members(root / "penn_action" / "labels.tar.xz", ".mat", 60):
        label = loadmat(io.BytesIO(raw))
        rows.append(
            np.where(label["visibility"][..., None] > 0, np.stack([label["x"], label["y"]], -1), np.nan)
        )
    return np.concatenate(rows)


def _lsp(root: Path) -> np.ndarray:
    with np.load(root / "lspet" / "lspet_train9000.npz") as file:
        joints = file["joints"].astype(float)
    return np.where(joints[..., 2:] > 0, joints[..., :2], np.nan)


def _coco(root: Path) -> np.ndarray:
    text = (root / "coco_mini" / "annotations" / "person_keypoints_train2017.json").read_text()
    rows = [note["keypoints"] for note in json.loads(text)["annotations"] if note["num_keypoints"]]
    joints = np.array(rows, float).reshape(-1, 17, 3)
    return np.where(joints[..., 2:] > 0, joints[..., :2], np.nan)


def _ucla(root: Path) -> np.ndarray:
    files = _members(root / "nw_ucla" / "all_sqe_json_1484.tar.xz", ".json", 20)
    return np.concatenate([np.array(json.loads(raw)["skeletons"], float) for raw in files]) * [-1, -1, 1]


def _utd(root: Path) -> np.ndarray:
    files = _members(root / "utd_mhad" / "skeleton_861.tar.xz", ".mat", 20)
    return np.concatenate([loadmat(io.BytesIO(raw))["d_skel"].transpose(2, 0, 1) for raw in files]) * [
        -1,
        -1,
        1,
    ]


def _ntu(root: Path) -> np.ndarray:
    lines = iter((root / "ntu" / "S001C001P001R001A001.skeleton").read_text().split("\n"))
    rows = []
    for _ in range(int(next(lines))):
        for _ in range(int(next(lines))):
            next(lines)
            rows.append([[float(word) for word in next(lines).split()[:3]] for _ in range(int(next(lines)))])
    return np.array(rows) * [-1, -1, 1]


REAL: dict[str, Callable[[Path], np.ndarray]] = {
    "penn13": _penn,
    "lsp14": _lsp,
    "coco17": _coco,
    "kinect20": _ucla,
    "utd20": _utd,
    "kinect25": _ntu,
}


@pytest.mark.realdata
@pytest.mark.parametrize("name", REAL)
def test_head_above_hips_above_feet_and_limbs_hang_together(name: str, data_root: Path) -> None:
    """Poses (n, J, 2|3) with y down; the order of the joints is right where the mean pose stands."""
    layout = skeletons.get(name)
    poses = REAL[name](data_root)
    heads = [joint for joint in ("head", "head_top", "nose") if joint in layout.joints]
    hips, ankles = ["left_hip", "right_hip"], ["left_ankle", "right_ankle"]

    def height(joints: list[str]) -> np.ndarray:
        return poses[:, [layout.index(joint) for joint in joints], 1].mean(axis=1)

    head, hip, ankle = height(heads), height(hips), height(ankles)
    complete = np.isfinite(head + hip + ankle)
    assert complete.sum() > 10
    assert head[complete].mean() < hip[complete].mean() < ankle[complete].mean()

    def length(a: str, b: str) -> float:
        gap = poses[:, layout.index(a)] - poses[:, layout.index(b)]
        return float(np.nanmedian(np.linalg.norm(gap, axis=-1)))

    for side, other in (("left", "right"), ("right", "left")):
        for near, far in (("elbow", "wrist"), ("knee", "ankle"), ("shoulder", "elbow"), ("hip", "knee")):
            assert length(f"{side}_{near}", f"{side}_{far}") < length(f"{side}_{near}", f"{other}_{far}")


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["kinect20", "utd20", "kinect25"])
def test_left_is_left_in_the_kinects_of_facing_people(name: str, data_root: Path) -> None:
    """With x to the camera's right (un-mirrored cv), a facing person's left shoulder lies right."""
    layout = skeletons.get(name)
    poses = REAL[name](data_root)
    across = poses[:, layout.index("left_shoulder"), 0] - poses[:, layout.index("right_shoulder"), 0]
    assert np.median(across) > 0.1
