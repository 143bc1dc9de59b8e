"""The memory networks: sizes as published, frames about their torso, and padding that does not count."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError, Skeleton  # noqa: E402
from bodyverb.models import lstm, lstm_projections  # noqa: E402
from bodyverb.models._frames import Memory, Standard, Torso, at_last, somebody  # noqa: E402

MPII = skeletons.get("mpii16")
NAN = float("nan")


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def bodies(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) + 3.0


def test_parameters_of_the_published_networks():
    """pose2action, 16 joints, 8 classes: 869,400 for 3D + XY + YZ + ZX; a branch of 48 inputs is 223,236."""
    plain = {"view": "none", "mask": False, "dropout": 0.0}
    four = lstm_projections.build(lstm_projections.Config(**plain), MPII, 8, dims=3)
    assert parameters(four) == 869_400
    one = lstm_projections.build(lstm_projections.Config(**plain, branches=("3d",)), MPII, 8, dims=3)
    assert parameters(one) == 512 * (48 + 128 + 2) + 512 * (128 + 128 + 2) + 4 + 129 * 8
    simple = lstm.build(lstm.Config(**plain, embed=32, hidden=160), MPII, 8, dims=3)
    assert parameters(simple) == 49 * 32 + 640 * (32 + 160 + 2) + 640 * (320 + 2) + 161 * 8
    kinect = skeletons.get("kinect25")
    for layers in (1, 2, 3):
        stacked = lstm.build(lstm.Config(**plain, layers=layers), kinect, 5, dims=3)
        assert parameters(stacked) == 512 * (75 + 130) + (layers - 1) * 512 * 258 + 129 * 5


def test_each_frame_is_about_its_thorax_with_its_torso_as_unit():
    position = bodies(2, 1, 5, 16, 3)
    there = torch.ones(2, 1, 5, 16, 1)
    pelvis, thorax = position[..., 6:7, :], position[..., 7:8, :]
    wanted = (position - thorax) / (pelvis - thorax).norm(dim=-1, keepdim=True)
    torch.testing.assert_close(Torso(MPII, 3, "none")(position, there), wanted)
    for name in ("kinect25", "kinect20", "coco17"):
        skeleton = skeletons.get(name)
        position = bodies(1, 1, 4, len(skeleton), 3)
        top = [skeleton.index(one) for one in (("left_shoulder", "right_shoulder") if name == "coco17" else
                                               ("thorax",))]  # fmt: skip
        found = Torso(skeleton, 3, "none")(position, torch.ones(1, 1, 4, len(skeleton), 1))
        torch.testing.assert_close(found[..., top, :].mean(dim=3), torch.zeros(1, 1, 4, 3), atol=1e-5, rtol=0)
        length = found[..., list(skeleton.root), :].mean(dim=3).norm(dim=-1)
        torch.testing.assert_close(length, torch.ones(1, 1, 4))


def test_a_frame_without_its_torso_borrows_the_unit_of_the_others():
    position, there = bodies(1, 1, 3, 16, 3), torch.ones(1, 1, 3, 16, 1)
    there[0, 0, 1, 7] = 0
    position = position * there
    unit = (position[..., 6, :] - position[..., 7, :]).norm(dim=-1)[0, 0, [0, 2]].mean()
    rest = [joint for joint in range(16) if joint != 7]
    wanted = (position[0, 0, 1, rest] - position[0, 0, 1, rest].mean(dim=0)) / unit
    found = Torso(MPII, 3, "none")(position, there)[0, 0, 1]
    torch.testing.assert_close(found[rest], wanted)
    assert (found[7] == 0).all()


def test_a_layout_without_a_torso_is_centred_and_of_unit_spread():
    rope = Skeleton(name="rope", joints=("a", "b", "c"), parents=(-1, 0, 1), limbs=((0, 1), (1, 2)),
                    flip=(0, 1, 2), root=(0,))  # fmt: skip
    position = bodies(1, 1, 4, 3, 2) * 100
    found = Torso(rope, 2, "none")(position, torch.ones(1, 1, 4, 3, 1))
    torch.testing.assert_close(found.mean(dim=3), torch.zeros(1, 1, 4, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.square().sum(dim=-1).mean(), torch.tensor(1.0))


CASES = [
    *((lstm, {"stream": stream}) for stream in ("j", "b", "jm", "bm")),
    (lstm, {"torso": True, "embed": 8, "mask": False}),
    (lstm_projections, {}),
    (lstm_projections, {"view": "none", "mask": False}),
]


@pytest.mark.parametrize(("module", "changes"), CASES)
def test_clips_of_different_lengths_in_one_batch_are_as_alone(module, changes):
    torch.manual_seed(1)
    network = module.build(module.Config(hidden=16, **changes), MPII, 4, dims=3, persons=2).eval()
    position, seconds = bodies(3, 2, 12, 16, 3), torch.arange(12.0)[None].repeat(3, 1)
    lengths = (5, 12, 9)
    for row, frames in enumerate(lengths):
        position[row, :, frames:] = NAN
    position[2, 1, 6:] = NAN  # the second person leaves earlier
    score = torch.ones(3, 2, 12, 16)
    with torch.no_grad():
        together = network(position, score, seconds)
        for row, frames in enumerate(lengths):
            alone = network(*(one[row : row + 1] for one in (position[:, :, :frames], score[:, :, :frames],
                                                             seconds[:, :frames])))  # fmt: skip
            torch.testing.assert_close(together[row : row + 1], alone, atol=1e-6, rtol=0)
        whole = network(bodies(3, 2, 12, 16, 3), score, seconds)
    assert (whole[0] - together[0]).abs().max() > 1e-4  # the frames that were left out would have counted


def test_the_last_step_is_that_of_a_packed_sequence():
    torch.manual_seed(0)
    memory, lengths = Memory(6, 8, 2, 0.3).eval(), torch.tensor([4, 7, 1])
    position = bodies(3, 1, 7, 3, 2)
    for row, frames in enumerate(lengths):
        position[row, :, frames:] = NAN
    x = position.nan_to_num().flatten(0, 1).flatten(2)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (wanted, _) = nn.LSTM.forward(memory, packed)
    found = at_last(memory(x), somebody(position, torch.ones(3, 1, 7, 3)))
    torch.testing.assert_close(found, wanted[-1], atol=1e-6, rtol=0)


def test_padding_is_no_part_of_what_is_usual():
    """The statistics of training are those of frames with somebody in them."""
    x, there = bodies(4, 6, 5), torch.rand(4, 6, generator=torch.Generator().manual_seed(1)) < 0.5
    norm = Standard(5).train()
    found = norm(torch.where(there[..., None], x, 99.0), there)
    torch.testing.assert_close(found[there], nn.functional.batch_norm(x[there], None, None, training=True))
    assert (found[~there] == 0).all()
    torch.testing.assert_close(norm.norm.running_mean, 0.1 * x[there].mean(dim=0))
    before = norm.norm.running_mean.clone()
    assert (norm(x, torch.zeros_like(there)) == 0).all() and torch.equal(norm.norm.running_mean, before)
    norm.eval()  # in use, nobody is what nobody was in training
    kept = norm(x, there)
    assert (kept[~there] == 0).all()
    torch.testing.assert_close(kept[there], norm.norm(x[there]))


def test_a_branch_sees_its_plane_alone():
    """Turned about: front and back of the plane are the same in it, and are not in the others."""
    sees = {"xy": 2, "yz": 0, "zx": 1}
    position, score, seconds = bodies(2, 1, 6, 16, 3), torch.ones(2, 1, 6, 16), torch.arange(6.0)[None]
    for name in (*sees, "3d"):
        torch.manual_seed(2)
        config = lstm_projections.Config(branches=(name,), view="none", hidden=16)
        network = lstm_projections.build(config, MPII, 4, dims=3).eval()
        with torch.no_grad():
            before = network(position, score, seconds.repeat(2, 1))
            for axis in range(3):
                other = position.clone()
                other[..., axis] *= -1
                gap = (network(other, score, seconds.repeat(2, 1)) - before).abs().max()
                assert (gap < 1e-5) == (sees.get(name) == axis), (name, axis)


@pytest.mark.parametrize("branches", [(), ("xz",), ("xy", "xy")])
def test_unknown_branches_are_refused(branches):
    with pytest.raises(InputError, match="Expected branches of 3d, xy, yz, zx, each once, got"):
        lstm_projections.build(lstm_projections.Config(branches=branches), MPII, 4, dims=3)


@pytest.mark.parametrize("module", [lstm, lstm_projections])
def test_a_memory_without_layers_is_refused(module):
    with pytest.raises(InputError, match="Expected 1 or more layers, got 0"):
        module.build(module.Config(layers=0), MPII, 4, dims=3)


def test_a_joint_missing_for_the_first_time_does_not_blow_up():
    """The mask of a joint that was there in all of training has no variance: what it says is limited."""
    torch.manual_seed(0)
    position = torch.randn(16, 1, 12, 17, 2)
    score, seconds = torch.ones(position.shape[:-1]), torch.arange(12).float()[None].repeat(16, 1) / 15
    network = lstm.build(lstm.Config(torso=True), skeletons.get("coco17"), 3, dims=2).train()
    for _ in range(300):
        network(position, score, seconds)
    seen = []
    network.eval().memory.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    position[:, :, :, 3] = float("nan")
    network(position, score, seconds)
    assert seen[0].abs().max() <= 10.0
