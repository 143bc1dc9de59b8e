"""Graphs of any layout, and the preparation that the skeleton networks share."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError, Skeleton  # noqa: E402
from bodyverb.models import _count, _graph, get, stgcnpp  # noqa: E402
from bodyverb.models._streams import STREAMS, StreamConfig, Streams  # noqa: E402

NAN = float("nan")


def rope(joints: int = 4, **changes) -> Skeleton:
    fields = {
        "name": "rope",
        "joints": tuple(f"part_{number}" for number in range(joints)),
        "parents": tuple(range(-1, joints - 1)),
        "limbs": (),
        "flip": tuple(range(joints)),
        "root": (1,),
    }
    return Skeleton(**{**fields, **changes})


def streams(layout="coco17", dims=3, **changes) -> Streams:
    skeleton = skeletons.get(layout) if isinstance(layout, str) else layout
    return Streams(skeleton, StreamConfig(**changes), dims)


def body(joints=17, dims=3, persons=1, time=6, batch=2):
    draw = torch.Generator().manual_seed(0)
    position = torch.randn(batch, persons, time, joints, dims, generator=draw)
    return position + 0.1 * torch.randn(position.shape, generator=draw).cumsum(dim=2)


def prepared(network: Streams, position, score=None):
    """Values and masks of (batch, person, time, joint, ...)."""
    score = torch.ones(position.shape[:-1]) if score is None else score
    channels, present = network(position, score)
    return channels[..., :-1], channels[..., -1], present


def test_neighbours_are_split_by_their_distance_to_the_root():
    graph = _graph.spatial(rope())
    assert np.allclose(graph[0], np.eye(4))
    assert np.argwhere(graph[1]).tolist() == [[0, 1], [2, 1], [3, 2]], "from joints farther out"
    assert np.argwhere(graph[2]).tolist() == [[1, 0], [1, 2], [2, 3]], "from joints nearer the root"
    assert np.allclose(graph[1][:, 1].sum(), 1.0)


@pytest.mark.parametrize("name", skeletons.names())
def test_every_layout_has_a_graph(name):
    skeleton = skeletons.get(name)
    graph, steps = _graph.spatial(skeleton), _graph.distances(skeleton)
    assert (steps >= 0).all() and (steps[list(skeleton.root)] == 0).all()
    linked = graph.sum(axis=0) > 0
    assert (linked == linked.T).all()
    assert linked.sum() == len(skeleton) + 2 * len(_graph.edges(skeleton))
    assert np.isin(graph.sum(axis=1).round(5), [0.0, 1.0]).all()
    mirrored = graph[:, skeleton.flip][:, :, skeleton.flip]
    assert np.allclose(mirrored, graph)


def test_a_layout_in_two_parts_without_parents_uses_limbs():
    own = rope(parents=(-1,) * 4, limbs=((0, 1), (2, 3)))
    assert _graph.distances(own).tolist() == [1, 0, 0, 1]


def test_no_bones_is_one_clear_line():
    with pytest.raises(InputError, match=r"Expected a layout with bones.*'rope'.*give its joints parents"):
        _graph.spatial(rope(parents=(-1,) * 4))


@pytest.mark.parametrize("name", ["bodyverb-s", "lstm"])
def test_streams_of_bones_need_bones(name):
    cloud = Skeleton(name="cloud", joints=("a", "b"), parents=(-1, -1), limbs=(), flip=(0, 1), root=(0,))
    network = get(name)
    network.build(network.Config(stream="jm"), cloud, 2)
    for stream in ("b", "bm"):
        with pytest.raises(InputError, match="Expected a layout with bones for stream .* in 'cloud'"):
            network.build(network.Config(stream=stream), cloud, 2)


def test_streams_are_joints_bones_and_their_motion():
    position = body()
    skeleton, changes = skeletons.get("coco17"), {"view": "none", "scale": False}
    joints, mask, _ = prepared(streams(**changes), position)
    root = position[:, :, :1, list(skeleton.root)].mean(dim=3, keepdim=True)
    torch.testing.assert_close(joints, position - root)
    bones, bone_mask, _ = prepared(streams(stream="b", **changes), position)
    for joint, parent in enumerate(skeleton.parents):
        other = position[..., parent, :] if parent >= 0 else position[..., joint, :]
        torch.testing.assert_close(bones[..., joint, :], position[..., joint, :] - other)
    steps, step_mask, _ = prepared(streams(stream="bm", **changes), position)
    torch.testing.assert_close(steps[:, :, :-1], bones[:, :, 1:] - bones[:, :, :-1])
    assert mask.all() and bone_mask.all() and step_mask[:, :, :-1].all() and not step_mask[:, :, -1].any()


def test_a_missing_joint_is_zero_with_mask_zero_in_every_stream():
    position = body()
    skeleton = skeletons.get("coco17")
    elbow = skeleton.index("left_elbow")
    children = [joint for joint, parent in enumerate(skeleton.parents) if parent == elbow]
    position[:, :, 3, elbow] = NAN
    for name, gone in {
        "j": [(3, elbow)],
        "b": [(3, elbow), (3, children[0])],
        "jm": [(2, elbow), (3, elbow)],
    }.items():
        values, mask, _ = prepared(streams(stream=name), position)
        assert torch.isfinite(values).all()
        for frame, joint in gone:
            assert not mask[:, :, frame, joint].any() and not values[:, :, frame, joint].any(), name
        assert mask[:, :, 0].all()


def test_place_and_size_of_a_body_do_not_matter():
    position = body(persons=2)
    for layout, dims in (("coco17", 3), ("coco17", 2)):
        network = streams(layout, dims)
        one = network(position[..., :dims], torch.ones(position.shape[:-1]))[0]
        two = network(3 * position[..., :dims] + 5, torch.ones(position.shape[:-1]))[0]
        torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("view", ["yaw", "full"])
def test_the_view_is_undone(view):
    position = body(persons=2)
    angle = 0.7
    turn = torch.tensor(
        [[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]]
    )
    tilt = torch.tensor(
        [[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]]
    )
    rotation = turn if view == "yaw" else turn @ tilt
    seen = prepared(streams(view=view), position)[0]
    torch.testing.assert_close(
        prepared(streams(view=view), position @ rotation.T)[0], seen, atol=1e-4, rtol=1e-4
    )
    assert (prepared(streams(view="none"), position @ rotation.T)[0] - seen).abs().max() > 0.1


def test_full_view_puts_the_spine_upright_and_the_shoulders_along_x():
    skeleton = skeletons.get("kinect20")
    values = prepared(streams("kinect20", view="full"), body(joints=20))[0][:, 0, 0]
    spine = values[:, skeleton.index("thorax")] - values[:, skeleton.index("pelvis")]
    across = values[:, skeleton.index("left_shoulder")] - values[:, skeleton.index("right_shoulder")]
    assert spine[:, [0, 2]].abs().max() < 1e-4 and (spine[:, 1] > 0).all()
    assert across[:, 2].abs().max() < 1e-4 and (across[:, 0] > 0).all()


def test_the_first_frame_with_a_root_counts():
    position = body()
    late = position.clone()
    late[:, :, :2, list(skeletons.get("coco17").root)] = NAN
    changes = {"view": "none", "scale": False}
    one, two = (prepared(streams(**changes), part)[0] for part in (position[:, :, 2:], late))
    torch.testing.assert_close(two[:, :, 2:], one)


def test_flat_clips_fill_their_box():
    position = 100 * body(dims=2, persons=2) + 300
    values, _, _ = prepared(streams(dims=2), position)
    assert values.abs().amax(dim=(1, 2, 3, 4)).allclose(torch.ones(2))
    wide = position.amax(dim=(1, 2, 3)) - position.amin(dim=(1, 2, 3))
    side = values.amax(dim=(1, 2, 3)) - values.amin(dim=(1, 2, 3))
    torch.testing.assert_close(side[:, 0] / side[:, 1], wide[:, 0] / wide[:, 1])


def test_the_person_seen_longest_leads():
    position = body(persons=2)
    position[:, 0, 3:] = NAN
    changes = {"view": "none", "scale": False}
    both, alone = (prepared(streams(**changes), part)[0] for part in (position, position[:, 1:]))
    torch.testing.assert_close(both[:, 1:], alone)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("stream", ["j", "b", "jm", "bm", "all"])
def test_nothing_left_is_still_finite(dims, stream):
    own = rope(1, root=(0,))
    for position in (
        torch.full((1, 2, 1, 1, dims), NAN),
        torch.ones(1, 1, 1, 1, dims),
        torch.ones(1, 2, 5, 1, dims),
    ):
        channels, present = streams(own, dims, stream=stream, view="full")(
            position, torch.ones(position.shape[:-1])
        )
        assert torch.isfinite(channels).all()
        assert present.equal(torch.isfinite(position).any(dim=(2, 3, 4)).float())


@pytest.mark.parametrize(
    ("name", "parameters_m", "multiply_adds_g"),
    [
        ("stgcn", 3.10, 5.70),
        ("stgcnpp", 1.40, 2.93),
        ("aagcn", 3.78, 6.47),
        ("ctrgcn", 1.45, 2.97),
        ("dgstgcn", 1.70, 2.50),
        ("msg3d", 3.20, 10.92),
    ],
)
def test_graph_networks_have_the_published_size(name, parameters_m, multiply_adds_g):
    clip = torch.zeros(1, 2, 100, 25, 3), torch.ones(1, 2, 100, 25), torch.zeros(1, 100)
    module = get(name)
    with torch.device("meta"):  # no weights are drawn
        network = module.build(module.Config(mask=False), skeletons.get("kinect25"), 60, dims=3, persons=2)
    size = _count.count(network, *clip)
    assert size.parameters == pytest.approx(1e6 * parameters_m, rel=0.01)
    assert size.multiply_adds == pytest.approx(1e9 * multiply_adds_g, rel=0.05)


def test_multiply_adds_of_known_layers():
    nn = torch.nn
    size = _count.count(
        nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)), torch.zeros(2, 3, 5, 7)
    )
    assert size == _count.Size(parameters=3 * 8 * 9 + 8 + 16, multiply_adds=2 * 5 * 7 * 3 * 8 * 9)
    assert _count.count(nn.Linear(10, 4), torch.zeros(6, 10)).multiply_adds == 6 * 10 * 4
    depthwise = _count.count(nn.Conv2d(8, 8, 3, groups=8), torch.zeros(1, 8, 5, 5))
    assert depthwise.multiply_adds == 3 * 3 * 8 * 9
    memory = _count.count(nn.LSTM(10, 20, 2, batch_first=True), torch.zeros(2, 7, 10))
    assert memory.multiply_adds == 2 * 7 * 4 * 20 * (10 + 20 + 20 + 20)

    class Product(nn.Module):
        def forward(self, x):
            return torch.einsum("nctv,vw->nctw", x, torch.ones(5, 5, device=x.device))

    assert _count.count(Product(), torch.zeros(2, 3, 4, 5)).multiply_adds == 2 * 3 * 4 * 5 * 5


def test_networks_are_found_by_name():
    assert get("stgcnpp") is stgcnpp and get("verb_tcn") is get("verb-tcn")
    with pytest.raises(InputError, match="Expected a network for verbs, got 'nonsense'; use one of .*lstm"):
        get("nonsense")


@pytest.mark.parametrize("stream", STREAMS)
def test_bfloat16_autocast_leaves_the_preparation_exact(stream):
    layout = skeletons.get("kinect25")
    draw = torch.Generator().manual_seed(0)
    position = 3 + torch.randn(2, 2, 6, len(layout), 3, generator=draw)
    streams, score = Streams(layout, StreamConfig(stream=stream), 3), torch.ones(position.shape[:-1])
    exact = streams(position, score)[0]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(streams(position, score)[0], exact)
