"""Augmentation of skeleton clips: what each does, that a seed replays it, and what it leaves alone."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError, Skeleton  # noqa: E402
from bodyverb.train.augment.affine import affine, matrices  # noqa: E402
from bodyverb.train.augment.clips import Augmenter  # noqa: E402
from bodyverb.train.augment.crop import crop  # noqa: E402
from bodyverb.train.augment.mirror import mirror, mirrored, without_sides  # noqa: E402
from bodyverb.train.augment.settings import Affine, Augment, Crop, Mirror, Spoil  # noqa: E402
from bodyverb.train.augment.spoil import parts, spoil, spread  # noqa: E402

STILL = Augment(
    affine=Affine(yaw_deg=0, tilt_deg=0, scale=0, shear=0),
    mirror=Mirror(chance=0),
    spoil=Spoil(noise=0, offset=0, joints=0, frames=0, chance=0),
    speed=0,
)
LAYOUT = skeletons.get("kinect20")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def people(rows=8, persons=2, steps=6, dims=3):
    """Clips far from the origin; every second one has a single person, and one joint is missing once."""
    position = 3 + torch.randn(rows, persons, steps, len(LAYOUT), dims, generator=seeded(9))
    if persons == 2:
        position[::2, 1] = math.nan
    position[:, 0, 2, 5] = math.nan
    score = torch.rand(position.shape[:-1], generator=seeded(1))
    return position, score, torch.arange(steps)[None].repeat(rows, 1) / 10


def same(one, other):
    return all(torch.equal(torch.nan_to_num(a), torch.nan_to_num(b)) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dims", [2, 3])
def test_a_seed_replays_a_batch_bit_for_bit_and_changes_nothing_given(dims):
    given = people(dims=dims)
    kept = tuple(one.clone() for one in given)
    augment = Augmenter(Augment(spoil=Spoil(limb=0.5), mix=0.3, crop=Crop(area=0.5)), LAYOUT)
    one, other, third = (augment(*given, seed=seed) for seed in (4, 4, 5))
    assert same(one[:3], other[:3]) and same(one[3], other[3])
    assert not same(one[:3], third[:3])
    assert same(given, kept)


def test_what_happens_to_a_clip_does_not_depend_on_what_the_others_hold():
    augment = Augmenter(Augment(spoil=Spoil(limb=0.5)), LAYOUT)
    position, score, seconds = people()
    one = augment(position, score, seconds, seed=4)
    others = position.clone()
    others[1:] = 50 * torch.randn(others[1:].shape, generator=seeded(2))
    other = augment(others, score, seconds, seed=4)
    torch.testing.assert_close(one[0][0], other[0][0], equal_nan=True)
    assert same(one[1:3], other[1:3])


def test_everything_off_is_the_clip_itself():
    given = people()
    torch.testing.assert_close(Augmenter(STILL, LAYOUT)(*given, seed=1)[:3], given, equal_nan=True)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_map_is_a_product_with_a_matrix_a_clip(dims):
    position = people(dims=dims)[0]
    maps = matrices(len(position), dims, Affine(), seeded())
    wanted = np.einsum("bptvc,bdc->bptvd", position.numpy(), maps.numpy())
    np.testing.assert_allclose(affine(position, maps).numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_turns_keep_lengths_and_about_the_vertical_height():
    position = people()[0]
    turned = affine(position, matrices(len(position), 3, Affine(tilt_deg=0, scale=0, shear=0), seeded()))
    torch.testing.assert_close(turned[..., 1], position[..., 1], equal_nan=True)
    torch.testing.assert_close(turned.norm(dim=-1), position.norm(dim=-1), equal_nan=True)


def test_bfloat16_autocast_leaves_augmentation_exact():
    augment, given = Augmenter(Augment(), LAYOUT), people()
    exact = augment(*given, seed=3)
    with torch.autocast("cpu", torch.bfloat16):
        assert same(augment(*given, seed=3)[:3], exact[:3])


def test_some_clips_are_mirrored_whole_and_the_others_are_not():
    position, score, _ = people(rows=64)
    flip = torch.tensor(LAYOUT.flip)
    found, sure = mirror(position, score, flip, Mirror(chance=0.25), seeded())
    other, swapped = mirrored(position, score, flip)
    chosen = torch.tensor([not same([a], [b]) for a, b in zip(found, position, strict=True)])
    assert 6 <= chosen.sum() <= 28
    assert same([found[chosen], sure[chosen]], [other[chosen], swapped[chosen]])
    assert same([found[~chosen], sure[~chosen]], [position[~chosen], score[~chosen]])


def test_spread_is_the_root_mean_square_distance_from_the_mean():
    position = people()[0]
    for clip, found in zip(position, spread(position), strict=True):
        joints = clip[torch.isfinite(clip[..., 0])].double()
        wanted = (joints - joints.mean(dim=0)).square().sum(dim=1).mean().sqrt()
        assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert spread(torch.full((1, 1, 3, 4, 2), math.nan)).item() == 0


def test_noise_and_offset_have_the_size_asked_for():
    position = people(rows=200, persons=1)[0]
    limbs = parts(LAYOUT.joints)
    only = replace(STILL.spoil, noise=0.1)
    change = (spoil(position, limbs, only, seeded()) - position) / spread(position)[:, None, None, None, None]
    assert change[~change.isnan()].std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.1)
    moved = spoil(position, limbs, replace(STILL.spoil, offset=0.1), seeded()) - position
    torch.testing.assert_close(moved[:, :, 0], moved[:, :, 5], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["kinect25", "openpose25", "h36m17"])
def test_a_limb_leaves_with_its_fingers_or_toes(name):
    layout = skeletons.get(name)
    whole = parts(layout.joints)[:8]
    for at, (stem, side) in enumerate((s, d) for s in ("shoulder", "elbow", "hip", "knee")
                                      for d in ("left", "right")):  # fmt: skip
        left = {layout.index(f"{side}_{stem}")}
        for _ in layout.joints:  # all that hangs on it
            left |= {joint for joint, parent in enumerate(layout.parents) if parent in left}
        ends = {joint for joint in left if side in layout.joints[joint]}
        assert ends == set(torch.nonzero(whole[at]).flatten().tolist())


def test_fingers_and_toes_are_told_apart_by_name():
    layout = skeletons.get("blazepose33")
    arm, leg = (
        {layout.joints[at] for at in torch.nonzero(parts(layout.joints)[row])[:, 0]} for row in (0, 4)
    )
    assert {"left_pinky", "left_index", "left_thumb"} <= arm and not {"left_foot_index", "left_hip"} & arm
    assert {"left_heel", "left_foot_index"} <= leg and "left_index" not in leg


def test_joints_moments_and_limbs_leave_in_the_shares_asked_for():
    position = people(rows=400, persons=1)[0].nan_to_num(nan=0.0)
    limbs = parts(LAYOUT.joints)
    gone = spoil(position, limbs, replace(STILL.spoil, joints=0.2, chance=1), seeded()).isnan()[..., 0]
    assert (gone.all(dim=2) == gone.any(dim=2)).all()  # through the clip
    assert gone.float().mean().item() == pytest.approx(0.2, abs=0.03)
    blind = spoil(position, limbs, replace(STILL.spoil, frames=0.2, chance=1), seeded()).isnan()[..., 0]
    assert (blind.all(dim=3) == blind.any(dim=3)).all()  # everybody
    assert blind.float().mean().item() == pytest.approx(0.2, abs=0.03)
    off = spoil(position, limbs, replace(STILL.spoil, limb=1), seeded()).isnan()[:, 0, 0, :, 0]
    assert all(any(torch.equal(one, limb) for limb in limbs) for one in off)


def test_a_crop_keeps_a_window_of_the_size_asked_for():
    corner = torch.linspace(0, 1, 40)
    grid = torch.stack(torch.meshgrid(100 + 80 * corner, 30 * corner, indexing="ij"), dim=-1).view(
        1, 1, 1, -1, 2
    )
    position = torch.cat([grid, torch.full_like(grid, math.nan)], dim=1).repeat(60, 1, 1, 1, 1)
    found = crop(position, Crop(area=0.3, room=0), seeded())
    here = torch.isfinite(found[:, 0, 0, :, 0])
    assert torch.equal(found[:, 0, 0][here], position[:, 0, 0][here]) and found[:, 1].isnan().all()
    share = here.float().mean(dim=1)
    assert 0.27 < share.min() < 0.4 and 0.8 < share.max() <= 1.0
    for clip, kept in zip(grid[0, 0, 0].expand(60, -1, -1), here, strict=True):
        inside = clip[kept]
        window = ((clip >= inside.amin(dim=0)) & (clip <= inside.amax(dim=0))).all(dim=1)
        assert torch.equal(window, kept)


@pytest.mark.parametrize("wrong", [{"area": 0}, {"area": 1.5}, {"aspect": 0.5}, {"room": -1}])
def test_a_window_that_is_none_is_refused(wrong):
    with pytest.raises(InputError, match=r"Expected crop\.area above 0 up to 1"):
        Crop(**wrong)


def test_a_crop_of_nobody_and_of_3d_changes_nothing():
    nobody = torch.full((2, 1, 3, len(LAYOUT), 2), math.nan)
    assert crop(nobody, Crop(area=0.3), seeded()).isnan().all()
    given = people(dims=3)
    kept = Augmenter(replace(STILL, crop=Crop(area=0.3)), LAYOUT)(*given, seed=1)
    torch.testing.assert_close(kept[0], given[0], equal_nan=True)


def test_a_layout_without_sides_and_clips_of_one_moment_or_of_nobody_pass():
    rope = Skeleton(
        name="rope", joints=("a", "b", "c"), parents=(-1, 0, 1), limbs=(), flip=(0, 1, 2), root=(0,)
    )
    position = torch.randn(6, 2, 1, 3, 2, generator=seeded())
    position[3:] = math.nan
    strong = Augment(spoil=Spoil(limb=1, joints=0, frames=0), mix=0.5, crop=Crop(area=0.9, room=1))
    found, score, seconds, _ = Augmenter(strong, rope)(
        position, torch.ones(6, 2, 1, 3), torch.zeros(6, 1), seed=2
    )
    assert found.shape == position.shape and found[3:].isnan().all()
    assert torch.isfinite(score).all() and torch.isfinite(seconds).all()


def test_layouts_without_sides_are_known():
    rope = Skeleton(name="rope", joints=("a", "b"), parents=(-1, 0), limbs=((0, 1),), flip=(0, 1), root=(0,))
    assert without_sides(rope) and not without_sides(skeletons.get("coco17"))
