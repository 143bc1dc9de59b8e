from itertools import permutations, product

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


def test_every_plan_is_its_own_mirror_image() -> None:
    for source, target in product(BODIES, repeat=2):
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


def test_a_hand_of_no_side_is_no_part_of_a_body() -> None:
    for body in BODIES:
        with pytest.raises(InputError, match="joints in common"):
            skeletons.convert(poses(body), "hand21")
        with pytest.raises(InputError, match="joints in common"):
            skeletons.convert(poses("hand21"), body)


def test_rules_chain_by_fewest_steps_whatever_the_order_of_joints() -> None:
    """The spine needs pelvis and thorax, which need hips and shoulders; order in the layout plays no part."""
    names = ("left_hip", "right_shoulder", "right_hip", "left_shoulder")
    for joints in permutations(names):
        flip = tuple(joints.index(_other(joint)) for joint in joints)
        part = Skeleton(name="part", joints=joints, parents=(-1,) * 4, limbs=(), flip=flip, root=(0, flip[0]))
        report, parts = skeletons.plan(part, skeletons.get("h36m17"))
        assert dict(parts["spine"]) == dict.fromkeys(names, 0.25)
        assert report.approximate["spine"] == (
            "middle of pelvis and thorax (pelvis: middle of left_hip and right_hip; "
            "thorax: middle of left_shoulder and right_shoulder)"
        )
        assert "neck_nose" in report.missing and "head_top" in report.missing


def test_scores_and_states_of_chains_are_the_lowest_of_all_sources() -> None:
    before = poses("coco17", space=3, seed=5)
    state = before.state.copy()
    state[0, 1, before.skeleton.index("right_hip")] = INFERRED
    before = before.replace(state=state)
    after, _ = skeletons.convert(before, "h36m17")
    spine = after.skeleton.index("spine")
    sources = [
        before.skeleton.index(f"{side}_{part}") for side in ("left", "right") for part in ("hip", "shoulder")
    ]
    np.testing.assert_array_equal(after.score[:, :, spine], before.score[:, :, sources].min(axis=-1))
    np.testing.assert_allclose(after.position[:, :, spine], before.position[:, :, sources].mean(2), rtol=1e-5)
    assert (after.state[:, :, spine] == INFERRED).all()
    hip = after.skeleton.index("right_hip")
    assert after.state[0, 1, hip] == INFERRED and (after.state[1, :, hip] == SEEN).all()


def mirror(sequence: PoseSequence) -> PoseSequence:
    """The mirror image: x turned round, left and right joints exchanged."""
    flip = list(sequence.skeleton.flip)
    turn = np.array([-1, 1, 1], np.float32)[: sequence.position.shape[3]]
    return sequence.replace(
        position=sequence.position[:, :, flip] * turn,
        score=sequence.score[:, :, flip],
        state=sequence.state[:, :, flip],
    )


LAYOUT = st.sampled_from(skeletons.names())
BODY = st.sampled_from(BODIES)
SEED, SPACE = st.integers(0, 10_000), st.sampled_from([2, 3])
WITH_GAPS = st.sampled_from([0.0, 0.3, 1.0])


@settings(max_examples=40, deadline=None)
@given(LAYOUT, SEED, SPACE, WITH_GAPS)
def test_flip_of_flip_and_conversion_to_itself_change_nothing(
    name: str, seed: int, space: int, gaps: float
) -> None:
    before = poses(name, seed=seed, space=space, gaps=gaps)
    assert mirror(mirror(before)).equals(before)
    after, report = skeletons.convert(before, name)
    assert after.equals(before)
    assert report.exact == before.skeleton.joints and not report.approximate and not report.missing


@settings(max_examples=60, deadline=None)
@given(BODY, BODY, SEED, SPACE, WITH_GAPS)
def test_conversion_commutes_with_the_mirror(
    source: str, target: str, seed: int, space: int, gaps: float
) -> None:
    before = poses(source, seed=seed, space=space, gaps=gaps)
    first, _ = skeletons.convert(mirror(before), target)
    last = mirror(skeletons.convert(before, target)[0])
    np.testing.assert_allclose(first.position, last.position, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(first.score, last.score)
    np.testing.assert_array_equal(first.state, last.state)


@settings(max_examples=60, deadline=None)
@given(BODY, BODY, SEED, SPACE)
def test_a_joint_is_absent_exactly_where_one_it_is_made_of_is(
    source: str, target: str, seed: int, space: int
) -> None:
    before = poses(source, seed=seed, space=space, gaps=0.3)
    after, _ = skeletons.convert(before, target)
    _, parts = skeletons.plan(before.skeleton, after.skeleton)
    for joint, pairs in parts.items():
        where = [before.skeleton.index(name) for name, _ in pairs]
        present = before.present[:, :, where].all(axis=-1)
        np.testing.assert_array_equal(after.present[:, :, after.skeleton.index(joint)], present)


@settings(max_examples=60, deadline=None)
@given(BODY, BODY, st.floats(-50, 50), st.floats(0.1, 5), st.floats(-3, 3), SPACE)
def test_conversion_commutes_with_shift_scale_and_rotation(
    source: str, target: str, shift: float, scale: float, angle: float, space: int
) -> None:
    before = poses(source, space=space)
    turn = np.eye(space, dtype=np.float32)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    moved = before.replace(position=before.position @ turn * scale + shift)
    first, _ = skeletons.convert(moved, target)
    last, _ = skeletons.convert(before, target)
    np.testing.assert_allclose(first.position, last.position @ turn * scale + shift, rtol=1e-3, atol=1e-2)
