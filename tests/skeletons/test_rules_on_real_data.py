"""Each rule against the joint it stands for: take the joint out of a real pose and make it of the others.

Errors in trunk lengths (middle of the shoulders to middle of the hips, about half a metre), median over
people and frames; docs/concepts/layouts.md lists them. A rule must also beat its nearest source joint.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import Skeleton

Poses = dict[str, np.ndarray]

# layout, joint (x* = left and right), joints taken out besides, bound of the error
CASES: list[tuple[str, str, str, float]] = [
    ("kinect25", "pelvis", "", 0.10),
    ("h36m17", "pelvis", "", 0.01),
    ("mpii16", "pelvis", "", 0.02),
    ("kinect25", "thorax", "neck", 0.12),
    ("h36m17", "thorax", "", 0.15),
    ("mpii16", "thorax", "neck", 0.02),
    ("kinect25", "spine", "", 0.12),
    ("h36m17", "spine", "", 0.13),
    ("lsp14", "neck", "", 0.14),
    ("mpii16", "neck", "", 0.09),
    ("kinect25", "neck", "", 0.14),
    ("h36m17", "neck_nose", "", 0.25),
    ("kinect25", "hand*", "", 0.11),
    ("kinect25", "hand_tip*", "hand*", 0.17),
    ("kinect25", "thumb*", "hand*", 0.17),
    ("blazepose33", "pinky*", "index*", 0.06),
    ("blazepose33", "index*", "pinky*", 0.09),
    ("blazepose33", "thumb*", "index* pinky*", 0.09),
    ("blazepose33", "eye_inner*", "", 0.02),
    ("blazepose33", "eye_outer*", "", 0.02),
    ("blazepose33", "mouth*", "", 0.10),
    ("blazepose33", "heel*", "", 0.10),
    ("openpose25", "heel*", "", 0.13),
    ("openpose25", "small_toe*", "", 0.13),
    ("cmu", "foot*", "", 0.04),
    ("cmu", "toes*", "", 0.06),
]


def spelled(text: str) -> list[str]:
    words = ([f"left_{w[:-1]}", f"right_{w[:-1]}"] if w.endswith("*") else [w] for w in text.split())
    return [name for pair in words for name in pair]


def part(joints: Iterable[str]) -> Skeleton:
    names = tuple(joints)
    return Skeleton(
        name="part",
        joints=names,
        parents=(-1,) * len(names),
        limbs=(),
        flip=tuple(range(len(names))),
        root=(0,),
    )


@pytest.fixture
def people(real: Callable[[str], np.ndarray], cmu: Poses) -> Callable[[str], Poses]:
    """Real poses as (n, 2|3) by joint."""

    def found(layout: str) -> Poses:
        if layout == "cmu":
            return cmu
        return dict(zip(skeletons.get(layout).joints, real(layout).swapaxes(0, 1), strict=True))

    return found


@pytest.mark.realdata
@pytest.mark.parametrize(("layout", "joint", "besides", "bound"), CASES)
def test_error_of_a_rule(
    layout: str, joint: str, besides: str, bound: float, people: Callable[[str], Poses]
) -> None:
    poses = people(layout)
    wanted, out = spelled(joint), {*spelled(joint), *spelled(besides)}
    report, parts = skeletons.plan(part(name for name in poses if name not in out), part(wanted))
    assert set(report.approximate) == set(wanted)
    shoulders = poses["left_shoulder"] + poses["right_shoulder"]
    trunk = np.linalg.norm(shoulders - poses["left_hip"] - poses["right_hip"], axis=1) / 2

    def error(guess: np.ndarray, name: str) -> np.ndarray:
        return np.linalg.norm(guess - poses[name], axis=1) / trunk

    found = [error(sum(poses[n] * w for n, w in parts[name]), name) for name in wanted]  # type: ignore[arg-type]
    measured = float(np.nanmedian(found))
    print(f"{layout} {joint}: {measured:.3f}")
    assert measured < bound
    near = min(np.nanmedian([error(poses[n], name) for name in wanted]) for n, _ in parts[wanted[0]])
    assert measured <= near or besides, "the nearest source joint would do"
