"""NTU `.skeleton` files: every field exactly, poses in three spaces, round trips, and damage."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import _numbers, ntu_skeleton

IDS = ("72057594037944738", "72057594037944734", "7")
FAST = settings(max_examples=60, deadline=None)


def file_text(bodies: tuple[int, ...] = (1, 2, 0, 1), seed: int = 0, end: str = "\n") -> str:
    """A file of made-up numbers with seven digits, as the sensor's recorder prints them."""
    rng = np.random.default_rng(seed)
    lines = [str(len(bodies))]
    for count in bodies:
        lines.append(str(count))
        for body in range(count):
            lean = " ".join(f"{value:.7g}" for value in rng.normal(size=2))
            lines += [f"{IDS[body]} 0 1 3 0 2 0 {lean} 2", "25"]
            for joint in range(25):
                values = rng.normal(size=11) * np.array([1, 1, 3, 500, 400, 1900, 1000, 1, 1, 1, 1])
                words = [f"{value:.7G}" for value in values]
                lines.append(" ".join([*words, str(2 if joint else 1)]))
    return end.join(lines) + end


def read(text: str | bytes) -> ntu_skeleton.NtuSkeleton:
    return ntu_skeleton.read("S001.skeleton", data=text.encode() if isinstance(text, str) else text)


def slowly(text: str) -> list[list[str]]:
    """An independent reading: the words of every body line and every joint line."""
    lines = iter(text.split("\n"))
    words = []
    for _ in range(int(next(lines))):
        for _ in range(int(next(lines))):
            words.append(next(lines).split())
            words += [next(lines).split() for _ in range(int(next(lines)))]
    return words


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quick", [True, False])
def test_every_field_exactly(end, quick, monkeypatch):
    if not quick:
        monkeypatch.setattr(_numbers, "simdjson", None)
    text = file_text(end=end)
    item = read(text)
    words = slowly(text)
    assert item.bodies.tolist() == [1, 2, 0, 1] and item.frame.tolist() == [0, 1, 1, 3]
    assert item.ids == (IDS[0], IDS[0], IDS[1], IDS[0])
    assert item.body.tolist() == [[float(word) for word in line[1:]] for line in words[::26]]
    joints = [[float(word) for word in line] for at, line in enumerate(words) if at % 26]
    assert item.joints.reshape(-1, 12).tolist() == joints
    assert item.crlf == (end == "\r\n") and ntu_skeleton.dump(item).decode() == text


def test_three_spaces_share_people_and_times():
    item = read(file_text())
    spaces = item.sequences()
    camera, ir, color = (spaces[name] for name in ("camera", "ir", "color"))
    for poses in (camera, ir, color):
        assert poses.person_ids == IDS[:2] and poses.rate == "nominal" and poses.timestamps_s[1] == 1 / 30
        assert poses.present.any(axis=2).tolist() == [[True, True, False, True], [False, True, False, False]]
    assert (camera.axes, camera.unit, camera.space, camera.mirrored) == ("kinect", "m", "camera", False)
    assert (ir.axes, ir.unit, ir.space, ir.mirrored, ir.image_size) == ("cv", "px", "image", True, (512, 424))
    assert color.mirrored and color.image_size == (1920, 1080)
    np.testing.assert_array_equal(camera.position[1, 1], item.joints[2, :, :3].astype(np.float32))
    np.testing.assert_array_equal(ir.position[0, 3], item.joints[3, :, 3:5].astype(np.float32))
    np.testing.assert_array_equal(color.position[0, 3], item.joints[3, :, 5:7].astype(np.float32))
    assert camera.state[0, 0].tolist() == [1] + [2] * 24 and camera.score[0, 0, :2].tolist() == [0.5, 1]
    np.testing.assert_array_equal(
        camera.extras["orientation"][0, 0], item.joints[0, :, 7:11].astype(np.float32)
    )
    assert camera.extras["hand_left_state"][0, 0] == 3 and np.isnan(camera.extras["lean_x"][0, 2])


def test_an_untracked_joint_and_pixels_that_are_not_finite_are_absent():
    lines = file_text((1,)).split("\n")
    lines[4] = "0.1 0.2 3 Infinity 2 NaN 5 0 0 0 0 2"
    lines[5] = "0.1 0.2 3 1 2 4 5 0 0 0 0 0"
    spaces = read("\n".join(lines)).sequences()
    assert [spaces[name].state[0, 0, 0] for name in ("camera", "ir", "color")] == [2, 0, 0]
    assert all(np.isnan(poses.position[0, 0, 1]).all() for poses in spaces.values())


def test_poses_become_the_file_again():
    text = file_text()
    assert ntu_skeleton.dump(ntu_skeleton.from_sequences(read(text).sequences())).decode() == text


def test_poses_without_pixels_and_ids_can_be_written(tmp_path):
    camera = read(file_text()).sequences()["camera"].replace(person_ids=("ann", "bob"), extras={})
    path = ntu_skeleton.write(tmp_path / "a.skeleton", ntu_skeleton.from_sequences({"camera": camera}))
    again = ntu_skeleton.read(path).sequences()
    np.testing.assert_array_equal(again["camera"].position, camera.position)
    np.testing.assert_array_equal(again["camera"].state, camera.state)
    assert again["camera"].person_ids == ("1", "2") and not again["ir"].present.any()


def test_only_kinect_poses_in_metres_can_be_written():
    camera = read(file_text()).sequences()["camera"]
    with pytest.raises(InputError, match="kinect25"):
        ntu_skeleton.from_sequences({"camera": camera.replace(unit="mm")})
    with pytest.raises(InputError, match="same people"):
        ntu_skeleton.from_sequences({"camera": camera, "ir": camera.select(frames=slice(2))})
    seven = PoseSequence.from_arrays(
        np.ones((7, 1, 25, 3)), skeleton=camera.skeleton, rate_hz=30, axes="kinect"
    )
    with pytest.raises(InputError, match="at most 6"):
        ntu_skeleton.from_sequences({"camera": seven})


def test_files_longer_than_a_block(monkeypatch):
    text = file_text((1, 2, 0, 1, 3, 1, 2, 0, 0, 1))
    whole = read(text)
    monkeypatch.setattr(_numbers, "BLOCK_BYTES", 10_000)
    parts = read(text)
    assert parts.ids == whole.ids and parts.bodies.tolist() == whole.bodies.tolist()
    np.testing.assert_array_equal(parts.joints, whole.joints)
    lines = text.split("\n")
    lines[200] += " 1"
    with pytest.raises(FormatError, match=r"Expected 12 numbers, got 13; check line 201: S001\.skeleton"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("line", "content", "message"),
    [
        (1, "", "line 1"),
        (1, "-4", "line 1"),
        (1, "4.5", "line 1"),
        (1, "2000000000", "got 4 and a part"),
        (1, "5", "got 4 and a part"),
        (1, "3", "got more; check line 86"),
        (2, "7", "0 to 6, got 7; check line 2"),
        (2, "2147483648", "check line 2"),
        (2, "1e9", "check line 2"),
        (2, "0", "check line 3"),
        (2, "nan", "check line 2"),
        (3, "72057594037944738 0 1 3 0 2 0 0.1 0.2", "Expected 10 numbers, got 9; check line 3"),
        (3, "7.5 0 1 3 0 2 0 0.1 0.2 2", "check line 3"),
        (3, "123456789012345678901 0 1 3 0 2 0 0.1 0.2 2", r"below 2\^64"),
        (3, "7 0 1 3 0.5 2 0 0.1 0.2 2", "the body in line 3"),
        (4, "2000000000", "Expected 25 joints, got 2e"),
        (4, "24", "Expected 25 joints, got 24; check line 4"),
        (9, "1 2 3 4 5 6 7 8 9 0 1", "Expected 12 numbers, got 11; check line 9"),
        (9, "1 2 3 4 5 6 7 8 9 0 1 3", "the body in line 3"),
        (9, "1 2 3 4 5 6 7 8 9 0 x 2", "got 'x'; check line 9"),
        (9, "1 2 3 4 5 6 7 8 9 0 [1] 2", "check line 9"),
        (9, "1 2 3 4 5 6 7 8 9 0 1_0 2", "check line 9"),
        (9, "1,2 3 4 5 6 7 8 9 0 1 2", "check line 9"),
        (9, "", "check line 9"),
        (58, IDS[0] + " 0 1 3 0 2 0 0.1 0.2 2", "different ids in a frame"),
    ],
)
def test_structural_damage_names_its_line(line, content, message):
    lines = file_text().split("\n")
    lines[line - 1] = content
    with pytest.raises(FormatError, match=message) as caught:
        read("\n".join(lines))
    assert str(caught.value).endswith("S001.skeleton")


def test_cut_at_every_line():
    lines = file_text((1, 2)).split("\n")[:-1]
    for kept in range(len(lines)):
        with pytest.raises(FormatError, match=r"S001\.skeleton"):
            read("\n".join(lines[:kept]))
    assert read("\n".join(lines)).frames == 2


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"\x00" * 5000, b"\x1f\x8b\x08binary", os.urandom(5000), file_text().encode("utf-16"),
     b"PK\x03\x04", b"[1, 2]", b"1 " * 9000, b"9" * 5000, "\uff11\n".encode()],
)  # fmt: skip
def test_other_files_are_refused(data):
    with pytest.raises(FormatError):
        read(data)


def test_absent_and_too_large_files(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match="No such file"):
        ntu_skeleton.read(tmp_path / "none.skeleton")
    with pytest.raises(FormatError, match="something else"):
        ntu_skeleton.read(tmp_path)
    with (tmp_path / "sparse.skeleton").open("wb") as handle:
        handle.truncate(2 * 1024**3)
    with pytest.raises(FormatError, match="at most 32 MiB"):
        ntu_skeleton.read(tmp_path / "sparse.skeleton")


def check_valid_or_refused(data: bytes) -> None:
    try:
        item = read(data)
        spaces = item.sequences()
    except FormatError as error:
        assert str(error).startswith("Expected ") and str(error).endswith("S001.skeleton")
        return
    assert item.bodies.sum() == len(item.ids) == len(item.body) == len(item.joints)
    assert {poses.frames for poses in spaces.values()} == {item.frames}


@FAST
@given(st.data())
def test_flipped_bits(data):
    text = bytearray(file_text((1, 2)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] ^= 1 << data.draw(st.integers(0, 7))
    check_valid_or_refused(bytes(text))


@FAST
@given(st.data())
def test_lines_lost_doubled_and_replaced(data):
    lines = file_text((1, 0, 2)).split("\n")[:-1]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        new = data.draw(
            st.sampled_from(([], [lines[at]] * 2, [""], ["0"], ["3"], ["nan"], ["-1 inf"], ["1e999"]))
            | st.lists(st.text("0123456789.-+eE naif\t", max_size=30), max_size=2)
        )
        lines[at : at + 1] = new
        lines = lines or ["0"]
    check_valid_or_refused("\n".join(lines).encode())


@FAST
@given(st.binary(max_size=300))
def test_any_bytes(data):
    check_valid_or_refused(data)


def test_an_empty_recording_is_valid():
    spaces = read("0\n").sequences()
    assert spaces["camera"].position.shape == (0, 0, 25, 3)
    assert read("2\n0\n0").sequences()["ir"].frames == 2


def test_many_ids_in_a_long_file_are_refused():
    frame = "1\n{} 0 0 0 0 0 0 0 0 0\n25\n" + "0 0 0 0 0 0 0 0 0 0 0 0\n" * 25
    text = "400\n" + "".join(frame.format(at) for at in range(400))
    assert len(set(read(text).ids)) == 400
    with pytest.raises(FormatError, match="400 ids in 400 frames"):
        read(text).sequences()


@pytest.mark.parametrize("kind", ["zeros", "empty frames", "words", "breaks", "blanks"])
def test_memory_is_bounded(kind):
    body = "1\n1 0 0 0 0 0 0 0 0 0\n25\n" + "0 0 0 0 0 0 0 0 0 0 0 0\n" * 25
    text = {
        "zeros": "500\n" + body * 500,
        "empty frames": "50000\n" + "0\n" * 50_000,
        "words": "1\n" + "x " * 50_000,
        "breaks": "\n" * 50_000,
        "blanks": "1\n" + " " * 800_000,
    }[kind].encode()
    tracemalloc.start()
    try:
        check_valid_or_refused(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 4 * len(text) + 64 * 1024**2


@pytest.mark.realdata
def test_real_files_become_the_same_bytes(data_root):
    paths = sorted((data_root / "ntu").glob("*.skeleton"))
    assert len(paths) == 4
    for path in paths:
        item = ntu_skeleton.read(path)
        assert ntu_skeleton.dump(item) == path.read_bytes()
        again = ntu_skeleton.dump(ntu_skeleton.from_sequences(item.sequences()))
        assert again == path.read_bytes().replace(b"\r\n", b"\n")


@pytest.mark.realdata
def test_two_bodies_with_ids_a_float_would_merge(data_root):
    item = ntu_skeleton.read(data_root / "ntu" / "S001C003P008R002A058.skeleton")
    assert set(item.ids) == set(IDS[:2]) and float(IDS[0]) == float(IDS[1])
    assert item.frames == 70 and (item.bodies == 2).all()
    camera = item.sequences()["camera"]
    assert camera.person_ids == IDS[:2] and camera.present.all()
    apart = np.linalg.norm(camera.position[0, :, 0] - camera.position[1, :, 0], axis=-1)
    assert apart.min() > 0.2


@pytest.mark.realdata
def test_real_bodies_stand_upright_and_left_is_left(data_root):
    for path in sorted((data_root / "ntu").glob("*.skeleton")):
        spaces = ntu_skeleton.read(path).sequences()
        joint = spaces["camera"].skeleton.index
        up = spaces["camera"].position[0, :, :, 1].mean(axis=0)
        assert up[joint("head")] > up[joint("left_hip")] > up[joint("left_foot")]
        down = spaces["ir"].position[0, :, :, 1].mean(axis=0)
        assert down[joint("head")] < down[joint("left_hip")] < down[joint("left_foot")]
        if "A058" not in path.name:  # facing the sensor: the stored picture is mirrored
            across = spaces["ir"].position[0, :, :, 0].mean(axis=0)
            assert across[joint("left_shoulder")] < across[joint("right_shoulder")]


def test_source_is_the_name_of_the_file():
    assert read(file_text()).source == Path("S001.skeleton").name
