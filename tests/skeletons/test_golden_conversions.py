"""Exactly which joints are made, missing and lost between the layouts that matter, and the sums they are."""

import pytest

from bodyverb import skeletons

# Approximate and missing joints of the target, lost joints of the source; `x*` is left_x and right_x.
# fmt: off
GOLDEN: dict[tuple[str, str], tuple[str, str, str]] = {
    ("coco17", "h36m17"): ("head_top neck_nose pelvis spine thorax", "", "ear* eye*"),
    ("blazepose33", "coco17"): (
        "", "",
        "eye_inner* eye_outer* foot_index* heel* index* mouth* pinky* thumb*",
    ),
    ("kinect25", "h36m17"): ("head_top neck_nose", "", "foot* hand* hand_tip* neck thumb*"),
    ("lsp14", "coco17"): ("nose", "ear* eye*", ""),
    ("mpii16", "lsp14"): ("", "", "pelvis thorax"),
    ("openpose25", "coco17"): ("", "", "big_toe* heel* pelvis small_toe* thorax"),
    ("coco17", "openpose25"): ("heel* pelvis thorax", "big_toe* small_toe*", ""),
    ("coco17", "openpose18"): ("thorax", "", ""),
    ("openpose18", "coco17"): ("", "", "thorax"),
    ("coco17", "lsp14"): ("head_top neck", "", "ear* eye*"),
    ("coco17", "penn13"): ("head", "", "ear* eye*"),
    ("lsp14", "penn13"): ("head", "", ""),
    ("kinect25", "penn13"): ("", "", "foot* hand* hand_tip* neck pelvis spine thorax thumb*"),
    ("kinect20", "penn13"): ("", "", "foot* hand* pelvis spine thorax"),
    ("lsp14", "mpii16"): ("pelvis thorax", "", ""),
    ("coco17", "mpii16"): ("head_top neck pelvis thorax", "", "ear* eye*"),
    ("mpii16", "h36m17"): ("neck_nose spine", "", "neck"),
    ("h36m17", "mpii16"): ("neck", "", "neck_nose spine"),
    ("h36m17", "coco17"): ("nose", "ear* eye*", "head_top pelvis spine thorax"),
    ("h36m17", "hemlets18"): ("mid_shoulder", "", ""),
    ("h36m32", "h36m17"): ("", "", "collar* foot* hand* hand_end* lower_spine thumb* thumb_base* toes*"),
    ("h36m17", "h36m32"): ("collar* hand* hand_end* lower_spine thumb* thumb_base*", "foot* toes*", ""),
    ("mpii16", "pa16"): ("", "", ""),
    ("h36m17", "pa17"): ("neck", "", "neck_nose"),
    ("kinect25", "pa20"): ("head_top", "", "hand_tip* spine thumb*"),
    ("h36m32", "pa20"): (
        "neck", "",
        "collar* hand_end* lower_spine neck_nose spine thumb* thumb_base* toes*",
    ),
    ("kinect25", "coco17"): ("nose", "ear* eye*", "foot* hand* hand_tip* neck pelvis spine thorax thumb*"),
    ("coco17", "kinect25"): ("hand* hand_tip* head neck pelvis spine thorax thumb*", "foot*", "ear* eye*"),
    ("blazepose33", "kinect25"): (
        "foot* hand* hand_tip* head neck pelvis spine thorax", "",
        "ear* eye* eye_inner* eye_outer* heel* mouth*",
    ),
    ("coco17", "blazepose33"): ("eye_inner* eye_outer* heel* index* mouth* pinky* thumb*", "foot_index*", ""),
    ("openpose25", "blazepose33"): (
        "eye_inner* eye_outer* foot_index* index* mouth* pinky* thumb*", "",
        "pelvis small_toe* thorax",
    ),
    ("penn13", "coco17"): ("nose", "ear* eye*", ""),
    ("kinect25", "kinect20"): ("", "", "hand_tip* neck thumb*"),
    ("kinect20", "utd20"): ("", "", ""),
}
# fmt: on


def spelled(text: str) -> list[str]:
    """Sorted names of a line of the table."""
    words = (
        [f"left_{word[:-1]}", f"right_{word[:-1]}"] if word.endswith("*") else [word] for word in text.split()
    )
    return sorted(name for pair in words for name in pair)


@pytest.mark.parametrize(("source", "target"), GOLDEN)
def test_what_becomes_of_every_joint(source: str, target: str) -> None:
    approximate, missing, lost = map(spelled, GOLDEN[source, target])
    have, want = skeletons.get(source), skeletons.get(target)
    report, parts = skeletons.plan(have, want)
    assert sorted(report.approximate) == approximate
    assert sorted(report.missing) == missing
    assert sorted(report.lost) == lost
    assert sorted(report.exact) == sorted(set(want.joints) - {*approximate, *missing})
    assert all(parts[joint] == ((joint, 1.0),) for joint in report.exact)


def test_sums_of_coco_to_human36m() -> None:
    """By hand: shoulders and hips in half, shares of the nose, the spine of what was made before."""
    _, parts = skeletons.plan(skeletons.get("coco17"), skeletons.get("h36m17"))
    made = {joint: dict(pairs) for joint, pairs in parts.items() if len(pairs) > 1}
    shoulders, hips = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")
    assert made == {
        "pelvis": pytest.approx(dict.fromkeys(hips, 0.5)),
        "thorax": pytest.approx(dict.fromkeys(shoulders, 0.5)),
        "spine": pytest.approx(dict.fromkeys((*hips, *shoulders), 0.25)),
        "neck_nose": pytest.approx({"nose": 0.7} | dict.fromkeys(shoulders, 0.15)),
        "head_top": pytest.approx({"nose": 1.45} | dict.fromkeys(shoulders, -0.225)),
    }


def test_report_in_words() -> None:
    report, _ = skeletons.plan(skeletons.get("h36m17"), skeletons.get("penn13"))
    assert str(report).splitlines() == [
        "exact: left_shoulder, right_shoulder, left_elbow, right_elbow, left_wrist, right_wrist, "
        "left_hip, right_hip, left_knee, right_knee, left_ankle, right_ankle",
        "approximate: head = 0.7 of the way from neck to head_top "
        "(neck: 0.2 of the way from thorax to head_top)",
        "lost: pelvis, spine, neck_nose",
    ]
    report, _ = skeletons.plan(skeletons.get("penn13"), skeletons.get("coco17"))
    assert "missing (NaN): left_eye, right_eye, left_ear, right_ear" in str(report).splitlines()
