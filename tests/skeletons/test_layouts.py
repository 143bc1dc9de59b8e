"""Contracts over every layout, and their joint orders against real data."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import InputError, Skeleton

Real = Callable[[str], np.ndarray]

LAYOUTS = {
    "lsp14": 14, "penn13": 13, "coco17": 17, "kinect25": 25, "kinect20": 20, "utd20": 20, "mpii16": 16,
    "h36m17": 17, "h36m32": 32, "openpose18": 18, "openpose25": 25, "blazepose33": 33, "hemlets18": 18,
    "pa16": 16, "pa17": 17, "pa20": 20, "hand21": 21,
}  # fmt: skip


MPII_TO_PA = [6, 7, 8, 9, 12, 13, 11, 14, 10, 15, 2, 3, 1, 4, 0, 5]
NTU_TO_PA20 = [0, 20, 2, 3, 8, 4, 9, 5, 10, 6, 11, 7, 16, 12, 17, 13, 18, 14, 19, 15]


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


def bones(name: str) -> set[frozenset[int]]:
    """The edges of the tree of parents."""
    parents = skeletons.get(name).parents
    return {frozenset((joint, parent)) for joint, parent in enumerate(parents) if parent >= 0}


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        ("coco17", "15-13 13-11 16-14 14-12 11-5 12-6 9-7 7-5 10-8 8-6 5-0 6-0 1-0 3-1 2-0 4-2"),
        (
            "openpose18",
            "4-3 3-2 7-6 6-5 13-12 12-11 10-9 9-8 11-5 8-2 5-1 2-1 0-1 15-0 14-0 17-15 16-14",
        ),
        (
            "kinect25",
            "0-1 1-20 2-20 3-2 4-20 5-4 6-5 7-6 8-20 9-8 10-9 11-10 12-0 13-12 14-13 15-14 "
            "16-0 17-16 18-17 19-18 21-7 22-7 23-11 24-11",
        ),
    ],
)
def test_bones_are_the_published_graphs(name: str, edges: str) -> None:
    """The graphs of ST-GCN and PYSKL, joint numbers from 0."""
    assert bones(name) == {frozenset(int(end) for end in edge.split("-")) for edge in edges.split()}


def test_mirror_images_as_published() -> None:
    pairs = {"mpii16": "0/5 1/4 2/3 10/15 11/14 12/13", "h36m17": "1/4 2/5 3/6 11/14 12/15 13/16"}
    for name, text in pairs.items():
        found = {(a, b) for a, b in enumerate(skeletons.get(name).flip) if a < b}
        assert found == {tuple(int(end) for end in pair.split("/")) for pair in text.split()}


def select(name: str, which: list[int]) -> list[str]:
    return [skeletons.get(name).joints[joint] for joint in which]


def test_human36m_and_hemlets_are_selections() -> None:
    kept = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
    assert select("h36m32", kept) == list(skeletons.get("h36m17").joints)
    assert skeletons.get("hemlets18").joints[:17] == skeletons.get("h36m17").joints
    report, parts = skeletons.plan(skeletons.get("h36m17"), skeletons.get("hemlets18"))
    assert dict(parts["mid_shoulder"]) == {"left_shoulder": 0.5, "right_shoulder": 0.5}
    assert set(report.approximate) == {"mid_shoulder"}
    same_place = {11: 0, 16: 13, 20: 19, 23: 22, 24: 13, 28: 27, 31: 30}
    layout = skeletons.get("h36m32")
    for joint, other in same_place.items():
        rules = [rule for rule in skeletons.RULES if rule.joint == layout.joints[joint]]
        assert [rule.parts for rule in rules] == [((layout.joints[other], 1.0),)]


def test_the_orders_of_deephar() -> None:
    assert select("mpii16", MPII_TO_PA) == list(skeletons.get("pa16").joints)
    assert skeletons.get("pa17").joints == (*skeletons.get("pa16").joints, "spine")
    kinect = ["head_top" if joint == "head" else joint for joint in select("kinect25", NTU_TO_PA20)]
    assert kinect == list(skeletons.get("pa20").joints)
    human36m = [0, 13, 14, 15, 25, 17, 26, 18, 27, 19, 30, 22, 1, 6, 2, 7, 3, 8, 4, 9]
    expected = ["neck" if joint == "neck_nose" else joint for joint in select("h36m32", human36m)]
    assert expected == list(skeletons.get("pa20").joints)


def test_openpose_orders_hold_each_other() -> None:
    kept = [*range(8), *range(9, 19)]
    assert select("openpose25", kept) == list(skeletons.get("openpose18").joints)
    assert {frozenset(limb) for limb in skeletons.get("openpose25").limbs} == bones("openpose25")


def test_joint_lists_are_unique() -> None:
    """A table of poses finds its layout by its joints."""
    lists = [skeletons.get(name).joints for name in skeletons.names()]
    assert len(set(lists)) == len(lists)


def test_unknown_layout_names_the_known_ones() -> None:
    with pytest.raises(
        InputError, match="Expected a name in skeletons, got 'body99'; use one of blazepose33, coco17, "
    ):
        skeletons.get("body99")


# Layouts that real poses exist of, here or by the published map from another layout's file.
REAL = set(LAYOUTS) - {"h36m32", "pa17", "hand21"}
FEW = {"mpii16": 3, "pa16": 3, "h36m17": 4, "hemlets18": 4, "openpose25": 4}


@pytest.mark.realdata
@pytest.mark.parametrize("name", sorted(REAL))
def test_head_above_hips_above_feet_and_limbs_hang_together(name: str, real: Real) -> None:
    """Poses (n, J, 2|3) with y down; the order of the joints is right where the mean pose stands."""
    layout = skeletons.get(name)
    poses = real(name)
    heads = [joint for joint in ("head", "head_top", "nose") if joint in layout.joints]
    pairs = [[f"left_{joint}", f"right_{joint}"] for joint in ("shoulder", "hip", "knee", "ankle")]
    down = np.stack(
        [poses[:, [layout.index(joint) for joint in joints], 1].mean(axis=1) for joints in (heads, *pairs)]
    )
    complete = down[:, np.isfinite(down).all(axis=0)]
    assert complete.shape[1] >= FEW.get(name, 10)
    assert (np.diff(complete.mean(axis=1)) > 0).all(), (
        "head, shoulders, hips, knees, ankles from top to bottom"
    )

    def length(a: str, b: str) -> float:
        gap = poses[:, layout.index(a)] - poses[:, layout.index(b)]
        return float(np.nanmedian(np.linalg.norm(gap, axis=-1)))

    for near, far in (("elbow", "wrist"), ("knee", "ankle"), ("shoulder", "elbow"), ("hip", "knee")):
        own = [length(f"{side}_{near}", f"{side}_{far}") for side in ("left", "right")]
        across = [length(f"left_{near}", f"right_{far}"), length(f"right_{near}", f"left_{far}")]
        assert sum(own) < sum(across)


@pytest.mark.realdata
@pytest.mark.parametrize("name", sorted(REAL))
def test_hips_and_shoulders_agree_on_left(name: str, real: Real) -> None:
    """Files that give the left leg before the right one, or the other way round, fail here."""
    layout, poses = skeletons.get(name), real(name)
    hips, shoulders = (
        poses[:, layout.index(f"left_{joint}")] - poses[:, layout.index(f"right_{joint}")]
        for joint in ("hip", "shoulder")
    )
    same = (hips * shoulders).sum(axis=-1)
    assert (same[np.isfinite(same)] > 0).mean() > 0.7


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["kinect20", "utd20", "kinect25", "pa20", "blazepose33"])
def test_left_is_left_in_poses_of_facing_people(name: str, real: Real) -> None:
    """With x to the camera's right (un-mirrored cv), a facing person's left shoulder lies right."""
    layout, poses = skeletons.get(name), real(name)
    across = poses[:, layout.index("left_shoulder"), 0] - poses[:, layout.index("right_shoulder"), 0]
    assert np.median(across) > 0.1


@pytest.mark.realdata
def test_fingers_of_real_hands(real: Real) -> None:
    hands, layout = real("hand21"), skeletons.get("hand21")
    assert len(hands) >= 8

    def length(a: str, b: str) -> float:
        return float(np.median(np.linalg.norm(hands[:, layout.index(a)] - hands[:, layout.index(b)], axis=1)))

    for finger in ("index_finger", "middle_finger", "ring_finger", "pinky"):
        proximal = length(f"{finger}_mcp", f"{finger}_pip")
        assert length("wrist", f"{finger}_mcp") > proximal
        assert proximal > max(
            length(f"{finger}_pip", f"{finger}_dip"), length(f"{finger}_dip", f"{finger}_tip")
        )
        assert length("wrist", "thumb_cmc") < length("wrist", f"{finger}_mcp")
    row = [
        length("index_finger_mcp", f"{finger}_mcp") for finger in ("middle_finger", "ring_finger", "pinky")
    ]
    assert row == sorted(row)
