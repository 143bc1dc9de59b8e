"""Human3.6M: cameras, the npz files of the lifting literature, and what damages them."""

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _npz, h36m_cameras, h36m_npz

rng = np.random.default_rng(0)
H36M_SIDES = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
COCO_SIDES = [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]


def npz(folder: Any, name: str = "data.npz", **content: Any) -> Any:
    """Saved as the data scripts of the literature save it."""
    path = folder / name
    np.savez_compressed(path, **content)
    return path


def three(frames: int = 5) -> dict[str, Any]:
    return {"S1": {"Walking 1": rng.normal(size=(frames, 32, 3)).astype("f4")}, "S11": {}}


def two(joints: int = 17, frames: int = 5) -> dict[str, Any]:
    return {
        "S9": {"Photo": [rng.uniform(0, 999, (frames + view, joints, 2)).astype("f4") for view in range(4)]}
    }


def test_three_dimensions(tmp_path):
    content = three()
    file = h36m_npz.read_3d(npz(tmp_path, positions_3d=content))
    poses = file.poses("S1", "Walking 1")
    assert (poses.skeleton.name, poses.unit, poses.space, poses.axes) == ("h36m32", "m", "world", "z-up")
    assert poses.timestamps_s[1] == 0.02 and poses.rate == "nominal" and poses.person_ids == ("S1",)
    np.testing.assert_array_equal(poses.position[0], content["S1"]["Walking 1"])
    with pytest.raises(InputError, match="Sitting"):
        file.poses("S1", "Sitting")


@pytest.mark.parametrize(
    ("sides", "joints", "layout"),
    [
        (H36M_SIDES, 17, "h36m17"),
        (COCO_SIDES, 17, "coco17"),
        ([[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]], 16, "mpii16"),
    ],
)
def test_two_dimensions_find_their_layout_by_left_and_right(tmp_path, sides, joints, layout):
    content = two(joints)
    metadata = {"num_joints": joints, "keypoints_symmetry": sides}
    file = h36m_npz.read_2d(npz(tmp_path, positions_2d=content, metadata=metadata))
    assert file.skeleton.name == layout
    poses = file.poses("S9", "Photo", 1)
    assert (poses.unit, poses.space, poses.image_size) == ("px", "image", (1000, 1000))
    assert poses.source == "S9/Photo/55011271"
    np.testing.assert_array_equal(poses.position[0], content["S9"]["Photo"][1])


def test_other_sides_ask_for_the_layout(tmp_path):
    metadata = {"keypoints_symmetry": [[1], [2]]}
    path = npz(tmp_path, positions_2d=two(), metadata=metadata)
    with pytest.raises(InputError, match="--layout"):
        h36m_npz.read_2d(path)
    assert h36m_npz.read_2d(path, "h36m17").skeleton.name == "h36m17"


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_what_is_written_reads_back(tmp_path, dtype):
    content = two()
    content["S9"]["Photo"] = [view.astype(dtype) for view in content["S9"]["Photo"]]
    metadata = {"keypoints_symmetry": H36M_SIDES}
    first = h36m_npz.read_2d(npz(tmp_path, positions_2d=content, metadata=metadata))
    again = h36m_npz.read_2d(h36m_npz.write_2d(tmp_path / "b.npz", first))
    assert again.skeleton == first.skeleton and again.arrays.keys() == first.arrays.keys()
    for mine, theirs in zip(again.arrays["S9", "Photo"], content["S9"]["Photo"], strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    solid = h36m_npz.read_3d(npz(tmp_path, positions_3d=three()))
    copy = h36m_npz.read_3d(h36m_npz.write_3d(tmp_path / "c.npz", solid))
    np.testing.assert_array_equal(copy.arrays["S1", "Walking 1"][0], solid.arrays["S1", "Walking 1"][0])
    theirs = np.load(tmp_path / "c.npz", allow_pickle=True)["positions_3d"].item()
    np.testing.assert_array_equal(theirs["S1"]["Walking 1"], solid.arrays["S1", "Walking 1"][0])


class Call:
    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('it ran')",))


BROKEN_3D: dict[str, Any] = {
    "another name": {"positions": three()},
    "a call inside": {"positions_3d": {"S1": Call()}},
    "no dict": {"positions_3d": np.ones((3, 32, 3))},
    "subjects as numbers": {"positions_3d": {1: {}}},
    "an empty subject": {"positions_3d": {"": {"a": np.ones((1, 32, 3))}}},
    "actions as numbers": {"positions_3d": {"S1": {1: np.ones((1, 32, 3))}}},
    "no actions": {"positions_3d": {"S1": 3}},
    "nobody": {"positions_3d": {}},
    "two dimensions": {"positions_3d": {"S1": {"a": np.ones((5, 32, 2))}}},
    "whole numbers": {"positions_3d": {"S1": {"a": np.ones((5, 32, 3), int)}}},
    "lists": {"positions_3d": {"S1": {"a": [[1.0]]}}},
    "joints differ": {"positions_3d": {"S1": {"a": np.ones((5, 32, 3)), "b": np.ones((5, 31, 3))}}},
    "fields": {"positions_3d": np.zeros(3, [("a", "f4")])},
}


@pytest.mark.parametrize("what", BROKEN_3D)
def test_broken_3d_files_are_refused(tmp_path, what):
    path = npz(tmp_path, **BROKEN_3D[what])
    with pytest.raises(FormatError, match=r"Expected .*, got .*data\.npz"):
        h36m_npz.read_3d(path)


@pytest.mark.parametrize(
    "content",
    [
        {"positions_2d": two()},
        {"positions_2d": two(), "metadata": {}},
        {"positions_2d": two(), "metadata": {"keypoints_symmetry": [1, 2]}},
        {"positions_2d": {"S1": {"a": np.ones((5, 17, 2))}}, "metadata": {"keypoints_symmetry": H36M_SIDES}},
        {"positions_2d": {"S1": {"a": []}}, "metadata": {"keypoints_symmetry": H36M_SIDES}},
    ],
)
def test_broken_2d_files_are_refused(tmp_path, content):
    with pytest.raises(FormatError, match=r"Expected .*, got .*data\.npz"):
        h36m_npz.read_2d(npz(tmp_path, **content))


def member(header: bytes, data: bytes = b"") -> bytes:
    """A `.npy` with any header."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def test_archives_are_bounded_before_they_are_unpacked(tmp_path, attempt):
    big = 2**31
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }\n" % big
    few = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n"
    many = few.replace(b"3", b"80000000")
    cases = {
        "bomb": (member(many, bytes(80_000_000)), zipfile.ZIP_DEFLATED, "unpacked"),
        "claim": (member(header, b"abc"), zipfile.ZIP_STORED, f"{big} bytes of uint8"),
        "method": (member(few, b"abc"), zipfile.ZIP_BZIP2, "method 12"),
        "code": (member(b"{'descr': __import__('os').system('x'), }"), zipfile.ZIP_STORED, "another header"),
        "magic": (b"GIF89a......", zipfile.ZIP_STORED, "byte 0"),
    }
    for name, (data, method, message) in cases.items():
        path = tmp_path / f"{name}.npz"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("positions_3d.npy", data)
        error, peak = attempt(lambda path=path: _npz.load(path, "positions_3d"))
        assert isinstance(error, FormatError) and message in str(error) and str(path) in str(error)
        assert peak < 4 * path.stat().st_size + 1024**2


def test_names_in_an_archive_cannot_lead_outside(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.npy", member(b"x"))
    with pytest.raises(FormatError, match="got no positions_3d"):
        h36m_npz.read_3d(path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"no archive at all", b"PK\x05\x06" + b"\xff" * 18])
def test_no_archive(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="archive|table"):
        h36m_npz.read_3d(path)
    with pytest.raises(FormatError, match="No such file"):
        h36m_npz.read_3d(tmp_path / "none.npz")


def sample() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, positions_2d=two(frames=1), metadata={"keypoints_symmetry": H36M_SIDES})
    return buffer.getvalue()


SAMPLE = sample()


@settings(max_examples=60, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255)), max_size=3),
    end=st.none() | st.integers(0, len(SAMPLE)),
)
def test_damaged_npz_raises_or_gives_poses(tmp_path_factory, attempt, flips, end):
    content = bytearray(SAMPLE)
    for at, mask in flips:
        content[at] ^= mask
    path = tmp_path_factory.mktemp("fuzz") / "a.npz"
    path.write_bytes(content[:end])
    result, peak = attempt(lambda: h36m_npz.read_2d(path, "h36m17"))
    if isinstance(result, FormatError):
        assert str(path) in str(result)
    else:
        assert all(isinstance(result.poses(*key, 0), PoseSequence) for key in result.arrays)
    assert peak < 4 * len(content) + 64 * 1024**2


CAMERAS = {
    "intrinsics": {
        "c1": {
            "calibration_matrix": [[1145, 0, 512], [0, 1143, 515], [0, 0, 1]],
            "distortion": [-0.2, 0.25, -0.001, -0.001, -0.003],
        }
    },
    "extrinsics": {"S1": {"c1": {"R": [[1, 0, 0], [0, 0, -1], [0, 1, 0]], "t": [[1], [2], [5000]]}}},
}


def cameras_file(folder: Any, content: Any = CAMERAS) -> Any:
    path = folder / "cameras.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_cameras_agree_with_opencv(tmp_path):
    import cv2

    camera = h36m_cameras.read(cameras_file(tmp_path))["S1", "c1"]
    points = rng.uniform(-1000, 1000, (50, 3))
    theirs, _ = cv2.projectPoints(
        points, camera.rotation, camera.translation, camera.matrix, camera.distortion
    )
    np.testing.assert_allclose(camera.project(camera.to_camera(points)), theirs[:, 0], atol=1e-9)
    again = h36m_cameras.H36mCamera.of(camera.camera, camera.subject, camera.name)
    np.testing.assert_array_equal(again.camera.project(points), camera.camera.project(points))


def test_cameras_read_back(tmp_path):
    first = h36m_cameras.read(cameras_file(tmp_path))
    again = h36m_cameras.read(h36m_cameras.write(tmp_path / "b.json", first))
    assert again.keys() == first.keys()
    for name in ("matrix", "distortion", "rotation", "translation"):
        np.testing.assert_array_equal(getattr(again["S1", "c1"], name), getattr(first["S1", "c1"], name))


def changed(*keys: str, value: Any) -> Any:
    content = json.loads(json.dumps(CAMERAS))
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return content


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[" * 5000,
        "[1, 2",
        "3",
        "{}",
        {"intrinsics": [], "extrinsics": {}},
        changed("intrinsics", "c1", value=None),
        changed("intrinsics", "c1", "distortion", value=[1, 2, 3, 4]),
        changed("intrinsics", "c1", "distortion", value=[1, 2, 3, 4, "a"]),
        changed("intrinsics", "c1", "distortion", value=[1, 2, 3, 4, float("nan")]),
        changed("intrinsics", "c1", "distortion", value=[1, 2, 3, 4, 10**400]),
        changed("intrinsics", "c1", "calibration_matrix", value=[[1, 2, 3]]),
        changed("intrinsics", "c1", "calibration_matrix", value=[[900, 0, 500], [0, 900, 500], [1, 0, 1]]),
        changed("intrinsics", "c1", "calibration_matrix", value=[[0, 0, 500], [0, 900, 500], [0, 0, 1]]),
        changed("intrinsics", value={}),
        changed("extrinsics", "S1", value=3),
        changed("extrinsics", "S1", "c1", "R", value=[[2, 0, 0], [0, 1, 0], [0, 0, 1]]),
        changed("extrinsics", "S1", "c1", "R", value=[[-1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        changed("extrinsics", "S1", "c1", "t", value=[1, 2, 3]),
        " " * (3 * 1024**2),
    ],
)
def test_broken_cameras_are_refused(tmp_path, content):
    with pytest.raises(FormatError, match=r"Expected .*, got .*cameras\.json"):
        h36m_cameras.read(cameras_file(tmp_path, content))


def test_cameras_of_another_encoding(tmp_path):
    path = tmp_path / "cameras.json"
    path.write_bytes(b"\xff\xfe{\x00")
    with pytest.raises(FormatError, match="UnicodeDecodeError"):
        h36m_cameras.read(path)


@pytest.mark.realdata
def test_real_samples_project_where_they_were_seen(data_root):
    cameras = h36m_cameras.read(data_root / "h36m_cameras" / "camera-parameters.json")
    assert len(cameras) == 44
    sample = np.load(data_root / "format_samples" / "h36m" / "test_h36m_body3d.npz")
    errors = []
    for name, solid, seen in zip(sample["imgname"], sample["S"], sample["part"], strict=True):
        subject, _, rest = str(name).partition("/")
        camera = cameras[subject, rest.split(".")[1].partition("/")[0]]
        errors.append(np.linalg.norm(camera.project(solid[:, :3]) - seen[:, :2], axis=1).mean())
    assert max(errors) < 0.11
    again = h36m_cameras.IMAGE_SIZES
    assert {name for _, name in cameras} == set(again)


@pytest.mark.realdata
def test_real_cameras_look_down_on_the_world(data_root):
    """The world is z-up and in mm: all cameras hang at 1.2 to 2 m, within 6 m of the middle."""
    for camera in h36m_cameras.read(data_root / "h36m_cameras" / "camera-parameters.json").values():
        eye = -camera.rotation.T @ camera.translation
        assert 1200 < eye[2] < 2000 and np.hypot(*eye[:2]) < 6500
        assert (camera.rotation @ [0, 0, 1])[1] < -0.9
