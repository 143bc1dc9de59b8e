"""BVH: kinematics worked out by hand, any order of channels, fits of positions, and damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import bvh
from bodyverb.formats._joint_names import ours
from bodyverb.geometry import rotation

TEXT = """HIERARCHY
ROOT Hips
{
  OFFSET 9 9 9
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT LeftUpLeg
  {
    OFFSET 1 0 0
    CHANNELS 3 Xrotation Yrotation Zrotation
    JOINT LeftLeg {
      OFFSET 0 -4 0
      CHANNELS 1 Yposition
      End Site
      {
        OFFSET 0 -3 0
      }
    }
  }
  JOINT Neck
  {
    OFFSET 0 5 0
    CHANNELS 0
    End Site
    {
      OFFSET 0 0 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
0 10 0 0 0 0 0 0 0 -4
1 10 0 90 0 90 90 0 90 -2
"""


def motion(tmp_path, text=TEXT):
    path = tmp_path / "a.bvh"
    path.write_text(text)
    return bvh.read_motion(path)


def test_kinematics_by_hand(tmp_path):
    poses = motion(tmp_path).poses(unit="cm")
    assert poses.skeleton.joints == ("pelvis", "left_hip", "left_knee", "left_leg_end", "neck")
    assert (poses.unit, poses.axes, poses.space, poses.rate) == ("m", "y-up", "world", "nominal")
    assert poses.timestamps_s.tolist() == [0, 0.04]
    want = [[0, 10, 0], [1, 10, 0], [1, 6, 0], [1, 3, 0], [0, 15, 0]]
    np.testing.assert_allclose(poses.position[0, 0] * 100, want, atol=1e-5)
    turn = rotation.about_z(np.pi / 2) @ rotation.about_y(np.pi / 2)
    leg = turn @ rotation.about_x(np.pi / 2) @ rotation.about_z(np.pi / 2)
    hip = turn @ [1, 0, 0] + [1, 10, 0]
    want = [[1, 10, 0], hip, hip + leg @ [0, -2, 0], hip + leg @ [0, -5, 0], turn @ [0, 5, 0] + [1, 10, 0]]
    np.testing.assert_allclose(poses.position[0, 1] * 100, want, atol=1e-5)


def test_units(tmp_path):
    found = motion(tmp_path)
    assert found.poses().unit == "none"
    assert found.poses(unit="in").position[0, 0, 0, 1] == pytest.approx(0.254)
    with pytest.raises(InputError, match="none, mm, cm"):
        found.poses(unit="px")


def test_what_is_written_reads_back(tmp_path):
    first = motion(tmp_path)
    text = bvh.write(tmp_path / "b.bvh", first).read_text()
    again = bvh.read_motion(tmp_path / "b.bvh")
    np.testing.assert_array_equal(again.values, first.values)
    assert [(n.name, n.parent, n.channels, n.offset.tolist()) for n in again.nodes] == [
        (n.name, n.parent, n.channels, n.offset.tolist()) for n in first.nodes
    ]
    assert again.frame_s == 0.04
    assert bvh.write(tmp_path / "c.bvh", again).read_text() == text


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), channels=st.permutations(bvh.CHANNELS), frame_s=st.floats(1e-4, 3600))
def test_any_channels_survive(tmp_path_factory, seed, channels, frame_s):
    rng = np.random.default_rng(seed)
    nodes = [bvh.Node(name="Hips", parent=-1, offset=rng.normal(size=3), channels=tuple(channels))]
    for at in range(1, 6):
        nodes.append(
            bvh.Node(name=f"j {at}", parent=at - 1, offset=rng.normal(size=3), channels=tuple(channels[:at]))
        )
    nodes.append(bvh.Node(name="j 5_end", parent=5, offset=rng.normal(size=3), is_end=True))
    values = rng.normal(0, 100, (4, 6 + 15))
    made = bvh.Bvh(nodes=tuple(nodes), values=values, frame_s=frame_s)
    path = bvh.write(tmp_path_factory.mktemp("bvh") / "a.bvh", made)
    again = bvh.read_motion(path)
    np.testing.assert_array_equal(again.values, values)
    assert again.frame_s == frame_s and [n.channels for n in again.nodes] == [n.channels for n in nodes]
    assert again.poses().position.tobytes() == made.poses().position.tobytes()


def rigid(frames=20, layout="kinect25", seed=0):
    """Poses with bones of constant length, and the motion they come from."""
    rng = np.random.default_rng(seed)
    skeleton = skeletons.get(layout)
    offsets = rng.normal(size=(len(skeleton), 3))
    where = np.zeros((frames, len(skeleton), 3))
    left = list(range(len(skeleton)))
    done = {-1}
    while left:
        joint = next(at for at in left if skeleton.parents[at] in done)
        parent = skeleton.parents[joint]
        turn = rotation.about_axis(rng.normal(size=3), rng.normal(0, 0.5, frames))
        base = where[:, parent] if parent >= 0 else rng.normal(size=(frames, 3))
        where[:, joint] = base + rotation.rotate(turn, offsets[joint])
        left.remove(joint)
        done.add(joint)
    return PoseSequence.from_arrays(
        where, skeleton=skeleton, rate_hz=25, space="world", axes="y-up", source="fit"
    )


def test_a_chain_is_fitted_exactly(tmp_path):
    """A joint with one bone turns freely; of a joint with several, the bones keep their angles."""
    chain = skeletons.get("kinect25")
    keep = ["left_shoulder", "left_elbow", "left_wrist", "left_hand"]
    where = rigid().position[0][:, [chain.index(joint) for joint in keep]]
    layout = type(chain)(
        name="arm", joints=tuple(keep), parents=(-1, 0, 1, 2), limbs=(), flip=(0, 1, 2, 3), root=(0,)
    )
    poses = PoseSequence.from_arrays(where, skeleton=layout, rate_hz=25, space="world", axes="y-up")
    path = bvh.write(tmp_path / "a.bvh", poses)
    again = bvh.read(path, unit="m")
    assert again.skeleton.joints == layout.joints
    np.testing.assert_allclose(again.position, poses.position, atol=2e-5)
    np.testing.assert_array_equal(again.timestamps_s, poses.timestamps_s)


def test_poses_that_bend_what_bones_cannot(tmp_path):
    """Bones keep their lengths, absent joints rest, and the deviation is told."""
    poses = rigid()
    position = poses.position.copy()
    position[0, 3:5, poses.skeleton.index("left_knee")] = np.nan
    position[0, 7] = np.nan
    poses = PoseSequence.from_arrays(
        position, skeleton=poses.skeleton, rate_hz=25, axes="y-up", space="world"
    )
    made = bvh.from_poses(poses)
    assert np.isfinite(made.values).all()
    found = made.poses()
    order = [found.skeleton.index(joint) for joint in poses.skeleton.joints]
    gaps = np.linalg.norm(found.position[:, :, order] - poses.position, axis=-1)
    assert bvh.deviation(made, poses) == pytest.approx(np.nanmax(gaps))
    assert 0 < np.nanmean(gaps) < 2
    again = bvh.from_poses(made.poses())
    assert bvh.deviation(again, made.poses()) < 1e-4


def test_what_cannot_be_fitted(tmp_path):
    layout = skeletons.get("coco17")
    flat = PoseSequence.from_arrays(np.ones((2, 17, 2)), skeleton=layout, rate_hz=30)
    nobody = PoseSequence.from_arrays(np.full((2, 17, 3), np.nan), skeleton=layout, rate_hz=30)
    two = PoseSequence.from_arrays(np.ones((2, 2, 17, 3)), skeleton=layout, rate_hz=30)
    for poses, word in ((flat, "3D"), (nobody, "root"), (two, "one person")):
        with pytest.raises(InputError, match=word):
            bvh.write(tmp_path / "a.bvh", poses)
    assert not list(tmp_path.iterdir())
    one = PoseSequence.from_arrays(np.ones((2, 17, 3)), skeleton=layout, rate_hz=30, axes="y-up")
    assert np.isfinite(bvh.from_poses(one).values).all()


@pytest.mark.parametrize(
    ("names", "want"),
    [
        ("Hips LeftUpLeg LeftLeg RightFoot", "pelvis left_hip left_knee right_ankle"),
        ("LeftShoulder LeftArm LeftForeArm LeftHand", "left_clavicle left_shoulder left_elbow left_wrist"),
        ("LeftCollar LeftShoulder LeftElbow LeftWrist", "left_clavicle left_shoulder left_elbow left_wrist"),
        ("left_ankle left_foot left_wrist left_hand", "left_ankle left_foot left_wrist left_hand"),
        ("mixamorig:RightToeBase UpperArm_L lShin", "right_toes left_shoulder left_knee"),
        ("Bip01_L_Thigh Head Head_end Root Head", "left_hip head head_top root head_2"),
    ],
)
def test_names(names, want):
    assert ours(names.split()) == tuple(want.split())


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("HIERARCHY", "", "HIERARCHY"),
        ("MOTION", "", "MOTION"),
        ("  OFFSET 9 9 9", "  OFFSET 9 9", "line 4"),
        ("  OFFSET 9 9 9", "  OFFSET 9 9 nan", "line 4"),
        ("  OFFSET 9 9 9\n", "", "OFFSET and CHANNELS of Hips"),
        ("CHANNELS 6 X", "CHANNELS 7 X", "line 5"),
        ("CHANNELS 1 Yposition", "CHANNELS 1 Yscale", "line 12"),
        ("JOINT Neck", "ROOT Neck", "one ROOT"),
        ("}\nMOTION", "MOTION", "open joints"),
        ("JOINT LeftLeg {", "JOINT LeftLeg", "{ after JOINT"),
        ("Frames: 2", "Frames: 3", "3 (lines|frames)"),
        ("Frames: 2", "Frames: 1", "1 frames, got more"),
        ("Frames: 2", "Frames: 900000000", "900000000 lines"),
        ("Frames: 2", "Frames: two", "line 30"),
        ("Frame Time: 0.04", "Frame Time: nan", "Frame Time from"),
        ("90 -2", "90 -2 1", "line 33"),
        ("90 -2", "90 x", "line 33"),
        ("90 -2", "90 inf", "finite"),
    ],
)
def test_structural_damage(tmp_path, old, new, word):
    assert old in TEXT
    with pytest.raises(FormatError, match=rf"(?s)Expected .*got .*{word}.*a\.bvh|{word}.*a\.bvh"):
        motion(tmp_path, TEXT.replace(old, new, 1))


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 500, TEXT.encode("utf-16"), b"MOTION\n" * 100])
def test_something_else(tmp_path, content):
    path = tmp_path / "a.bvh"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.bvh"):
        bvh.read(path)


def test_claims_are_bounded(tmp_path, attempt):
    """Many ends under one channel claim far more joints than the file has numbers."""
    ends = "End Site\n{\nOFFSET 1 1 1\n}\n" * 900
    text = f"HIERARCHY\nROOT a\n{{\nOFFSET 0 0 0\nCHANNELS 1 Xposition\n{ends}}}\nMOTION\nFrames: 90000\n"
    path = tmp_path / "a.bvh"
    path.write_text(text + "Frame Time: 1\n" + "0\n" * 90000)
    error, peak = attempt(lambda: bvh.read(path))
    assert isinstance(error, FormatError) and peak < 16 * 1024**2


def test_fuzz(damage):
    def check(poses):
        assert poses.frames == 2 and np.isfinite(poses.position).all()

    damage("a.bvh", TEXT.encode(), bvh.read, check, 60)


@pytest.mark.realdata
def test_real_motion(data_root, attempt):
    path = data_root / "mocap" / "cmu" / "01_01.bvh"
    found, peak = attempt(lambda: bvh.read(path, unit="in"))
    assert found.position.shape == (1, 2752, 38, 3) and peak < 4 * path.stat().st_size + 64 * 1024**2
    names = found.skeleton
    height = found.position[0, :, :, 1]
    assert (height[:, names.index("head")] > height[:, names.index("left_ankle")]).mean() > 0.99
    part = found.select(frames=slice(0, 200))
    assert bvh.deviation(bvh.from_poses(part), part) < 1e-4
