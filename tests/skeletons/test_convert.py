from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import ABSENT, INFERRED, SEEN, InputError, PoseSequence, Skeleton


def poses(layout: str, *, space: int = 2, seed: int = 0, gaps: float = 0.0, **fields: object) -> PoseSequence:
    rng = np.random.default_rng(seed)
    skeleton = skeletons.get(layout)
    position = rng.uniform(0, 100, (2, 4, len(skeleton), space))
    position[rng.random(position.shape[:3]) < gaps] = np.nan
    score = rng.random(position.shape[:3])
    return PoseSequence.from_arrays(position, skeleton=skeleton, rate_hz=10, score=score, **fields)  # type: ignore[arg-type]


def test_rules_are_sound() -> None:
    known = {joint for name in skeletons.names() for joint in skeletons.get(name).joints}
    for rule in skeletons.RULES:
        assert sum(weight for _, weight in rule.parts) == pytest.approx(1)
        assert {rule.joint, *(name for name, _ in rule.parts)} <= known
        assert rule.joint not in dict(rule.parts)
        assert rule.text


BODIES = [name for name in skeletons.names() if name != "hand21"]


@pytest.mark.parametrize(("source", "target"), list(product(BODIES, repeat=2)))
def test_every_pair_accounts_for_every_joint(source: str, target: str) -> None:
    before = poses(source, gaps=0.2)
    after, report = skeletons.convert(before, target)
    layout = skeletons.get(target)
    assert after.skeleton == layout
    assert sorted([*report.exact, *report.approximate, *report.missing]) == sorted(layout.joints)
    assert set(report.exact) <= set(before.skeleton.joints)
    assert not set(report.lost) & set(report.exact)
    for joint in report.exact:
        mine, theirs = after.skeleton.index(joint), before.skeleton.index(joint)
        np.testing.assert_array_equal(after.position[:, :, mine], before.position[:, :, theirs])
        np.testing.assert_array_equal(after.state[:, :, mine], before.state[:, :, theirs])
        np.testing.assert_array_equal(after.score[:, :, mine], before.score[:, :, theirs])
    for joint in report.approximate:
        assert set(np.unique(after.state[:, :, layout.index(joint)])) <= {ABSENT, INFERRED}
    for joint in report.missing:
        assert not after.present[:, :, layout.index(joint)].any()
    if source == target:
        assert after is before


def test_conversion_commutes_with_the_mirror() -> None:
    for source, target in product(skeletons.names(), repeat=2):
        _, parts = skeletons.plan(skeletons.get(source), skeletons.get(target))
        layout = skeletons.get(target)
        names = dict(zip(layout.joints, (layout.joints[other] for other in layout.flip), strict=True))
        for joint, pairs in parts.items():
            mirrored = {_other(name): weight for name, weight in pairs}
            assert mirrored == pytest.approx(dict(parts[names[joint]]))


def _other(joint: str) -> str:
    if joint.startswith("left_"):
        return "right_" + joint.removeprefix("left_")
    if joint.startswith("right_"):
        return "left_" + joint.removeprefix("right_")
    return joint


def test_middles_and_shares() -> None:
    before = poses("lsp14")
    after, report = skeletons.convert(before, skeletons.get("penn13"))
    neck, top = (before.position[:, :, before.skeleton.index(joint)] for joint in ("neck", "head_top"))
    np.testing.assert_allclose(after.position[:, :, 0], 0.3 * neck + 0.7 * top, rtol=1e-5)
    assert report.approximate == {"head": "0.7 of the way from neck to head_top"}
    assert report.lost == () and report.missing == ()
    lowest = before.score[:, :, [12, 13]].min(-1)
    np.testing.assert_array_equal(after.score[:, :, 0], lowest)
    assert (after.state[:, :, 0] == INFERRED).all() and (after.state[:, :, 1:] == SEEN).all()


def test_a_missing_source_makes_the_joint_absent() -> None:
    before = poses("coco17")
    position = before.position.copy()
    position[0, 0, before.skeleton.index("left_hip")] = np.nan
    before = PoseSequence.from_arrays(position, skeleton=before.skeleton, rate_hz=10)
    after, report = skeletons.convert(before, "kinect20")
    assert report.approximate["pelvis"] == "middle of left_hip and right_hip"
    assert after.present[:, :, 0].sum() == 7
    assert not after.present[0, 0, 0]
    assert set(report.missing) == {"left_foot", "right_foot"}
    assert set(report.lost) == {"left_eye", "right_eye", "left_ear", "right_ear"}


def test_reordering_is_exact_both_ways() -> None:
    before = poses("kinect20", space=3, seed=3, gaps=0.1)
    middle, report = skeletons.convert(before, "utd20")
    after, _ = skeletons.convert(middle, "kinect20")
    assert report.approximate == {} and report.lost == () and report.missing == ()
    assert after.equals(before)


def test_extras_follow_the_joints() -> None:
    extras = {
        "depth_mm": np.arange(2 * 4 * 14, dtype=np.float32).reshape(2, 4, 14),
        "frame": np.arange(8).reshape(2, 4),
        "flag": np.ones((2, 4, 14), bool),
        "code": np.ones((2, 4, 14, 3), np.int64),
    }
    after, _ = skeletons.convert(poses("lsp14", extras=extras), "penn13")
    assert np.isnan(after.extras["depth_mm"][:, :, 0]).all()
    np.testing.assert_array_equal(after.extras["depth_mm"][:, :, 1], extras["depth_mm"][:, :, 9])
    np.testing.assert_array_equal(after.extras["frame"], extras["frame"])
    assert not after.extras["flag"][:, :, 0].any() and after.extras["flag"][:, :, 1:].all()
    assert after.extras["code"].shape == (2, 4, 13, 3) and (after.extras["code"][:, :, 0] == -1).all()


def test_nothing_in_common_is_refused() -> None:
    dog = Skeleton(name="dog", joints=("tail",), parents=(-1,), limbs=(), flip=(0,), root=(0,))
    with pytest.raises(InputError, match="joints in common, got 'penn13' and 'dog'"):
        skeletons.convert(poses("penn13"), dog)


@settings(max_examples=20, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 5), st.sampled_from(["penn13", "kinect25", "coco17"]))
def test_conversion_commutes_with_shift_and_scale(shift: float, scale: float, target: str) -> None:
    before = poses("lsp14")
    moved = before.replace(position=before.position * scale + shift)
    first, _ = skeletons.convert(moved, target)
    last, _ = skeletons.convert(before, target)
    np.testing.assert_allclose(first.position, last.position * scale + shift, rtol=1e-3, atol=1e-3)
