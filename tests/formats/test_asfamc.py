"""Acclaim skeletons and motions, against forward kinematics done by hand."""

import numpy as np
import pytest

from bodyverb.core import FormatError
from bodyverb.formats import asfamc

ASF = """# made by hand
:version 1.10
:name toy
:units
  mass 1.0
  length 0.5
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name lfemur
     direction 0 -1 0
     length 5
     axis 0 0 90  XYZ
    dof rx ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
           (-60.0 70.0)
  end
  begin
     id 2
     name ltibia
     direction 0 -1 0
     length 4
     axis 0 0 0  XYZ
    dof rx
    limits (-10.0 170.0)
  end
:hierarchy
  begin
    root lfemur
    lfemur ltibia
  end
"""
AMC = """#!OML:ASF toy
:FULLY-SPECIFIED
:DEGREES
1
root 0 10 0 0 0 0
lfemur 0 0 0
ltibia 0
2
root 0 10 0 0 90 0
lfemur 0 90 0
ltibia 90
"""
UNIT = 0.0254 / 0.5


def test_rest_pose_hangs_down_in_metres():
    bones = asfamc.read_asf("toy.asf", ASF.encode())
    where = asfamc.positions(bones, asfamc.read_amc("toy.amc", AMC.encode()))
    np.testing.assert_allclose(where[0] / UNIT, [[0, 10, 0], [0, 5, 0], [0, 1, 0]], atol=1e-12)


def test_turns_follow_the_bones_own_axes():
    """Frame 2: the root turns 90 deg about y; the thigh 90 deg about its own y axis, which is -x of the
    root."""
    bones = asfamc.read_asf("toy.asf", ASF.encode())
    where = asfamc.positions(bones, asfamc.read_amc("toy.amc", AMC.encode()))[1] / UNIT
    # about -x by 90 deg: down (0,-1,0) -> (0, 0, 1) in the root's frame; the root turns +z to +x.
    np.testing.assert_allclose(where[1] - where[0], [5, 0, 0], atol=1e-9)
    assert np.linalg.norm(where[2] - where[1]) == pytest.approx(4)
    assert (where[2] - where[1]) @ (where[1] - where[0]) == pytest.approx(0, abs=1e-9)


def test_euler_matrix_is_a_rotation_x_first():
    angles = np.random.default_rng(0).normal(size=(5, 3))
    turn = asfamc.euler_matrix(angles)
    np.testing.assert_allclose(
        turn @ np.swapaxes(turn, -1, -2), np.broadcast_to(np.eye(3), turn.shape), atol=1e-12
    )
    quarter = asfamc.euler_matrix(np.array([np.pi / 2, 0, np.pi / 2]))
    np.testing.assert_allclose(quarter @ [0, 1, 0], [0, 0, 1], atol=1e-12)


def test_read_finds_the_skeleton_beside_the_motion(tmp_path):
    (tmp_path / "07.asf").write_text(ASF)
    (tmp_path / "07_01.amc").write_text(AMC)
    poses = asfamc.read(tmp_path / "07_01.amc")
    assert poses.skeleton.joints == ("pelvis", "left_knee", "left_ankle")
    assert (poses.axes, poses.unit, poses.space) == ("y-up", "m", "world")
    assert poses.timestamps_s[1] == pytest.approx(1 / 120)


@pytest.mark.parametrize("text", ["", "1\nroot 0 0\n2\n", "1\nroot a b\n"])
def test_broken_motions_are_refused(text):
    with pytest.raises(FormatError):
        asfamc.read_amc("x.amc", text.encode())


def test_broken_skeleton_is_refused():
    with pytest.raises(FormatError):
        asfamc.read_asf("x.asf", b":units\n length 1\n")
    with pytest.raises(FormatError, match="values for lfemur"):
        motion = asfamc.read_amc(
            "x.amc", AMC.replace("lfemur 0 0 0", "lfemur 0").replace("lfemur 0 90 0", "lfemur 0").encode()
        )
        asfamc.positions(asfamc.read_asf("x.asf", ASF.encode()), motion)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("length 5", "length x", "line 18"),
        ("length 0.5", "length 0", "ZeroDivisionError"),
        ("direction 0 -1 0", "direction 0 -1", "line 17"),
        ("axis 0 0 90  XYZ", "axis 0 0 90 ZYX", "axis order ZYX"),
        ("    root lfemur", "    nobody lfemur", "without a parent"),
        (":hierarchy", ":other", "hierarchy"),
    ],
)
def test_damaged_skeletons_name_the_line(old, new, word):
    assert old in ASF
    with pytest.raises(FormatError, match=rf"(?s){word}.*x\.asf"):
        asfamc.read_asf("x.asf", ASF.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("lfemur 0 90 0", "lfemur 0 90", "line 10"),
        ("lfemur 0 90 0", "lfemur 0 x 0", "line 10"),
        ("ltibia 90", "ltibia 90\nltibia 90", "line 12"),
        ("ltibia 90", "other 90", "line 11"),
        ("ltibia 0\n", "", "line 10"),
        ("ltibia 90\n", "", "another count"),
    ],
)
def test_damaged_motions_name_the_line(old, new, word):
    assert old in AMC
    with pytest.raises(FormatError, match=rf"(?s){word}.*x\.amc"):
        asfamc.read_amc("x.amc", AMC.replace(old, new, 1).encode())


@pytest.mark.parametrize("end", [".asf", ".amc"])
def test_fuzz(damage, tmp_path, end):
    (tmp_path / "x.asf").write_text(ASF)
    (tmp_path / "x.amc").write_text(AMC)

    def read(path):
        return asfamc.read(*((path, tmp_path / "x.asf") if end == ".amc" else (tmp_path / "x.amc", path)))

    def check(poses):
        assert poses.frames == 2 or end == ".amc"

    def named(path):
        try:
            return read(path)
        except FormatError as error:
            raise FormatError(f"{error} {path}") from None

    damage(f"y{end}", (ASF if end == ".asf" else AMC).encode(), named, check, 50)
