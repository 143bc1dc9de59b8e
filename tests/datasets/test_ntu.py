"""NTU RGB+D 60 and 120: names, splits, missing clips, and who is who among the bodies."""

from pathlib import Path

import numpy as np
import pytest

from bodyverb.core import InputError, PoseSequence
from bodyverb.datasets import _bodies, ntu
from bodyverb.datasets._ntu_missing import MISSING
from bodyverb.formats import ntu_skeleton

STAND = np.stack([np.linspace(-0.2, 0.2, 25), np.linspace(-0.9, 0.9, 25), np.zeros(25)], axis=-1)


def camera(*bodies: dict[int, tuple[float, ...]], frames: int = 40, sway: float = 0.01) -> PoseSequence:
    """A person an id: frame -> where it stands (x, z); it sways by `sway` times its number from 1."""
    position = np.full((len(bodies), frames, 25, 3), np.nan, np.float32)
    rng = np.random.default_rng(0)
    for person, places in enumerate(bodies):
        for frame, (x, z) in places.items():
            noise = rng.normal(scale=sway * (person + 1), size=(25, 3)).clip(-0.04, 0.04)
            position[person, frame] = STAND + np.array([x, 0, z]) + noise
    return PoseSequence.from_arrays(
        position,
        skeleton=ntu_skeleton.skeletons.get("kinect25"),
        rate_hz=30,
        axes="kinect",
        person_ids=tuple(str(10 + person) for person in range(len(bodies))),
    )


def still(x: float, first: int, last: int) -> dict[int, tuple[float, ...]]:
    return dict.fromkeys(range(first, last + 1), (x, 3.0))


def write_clips(folder: Path, *names: str) -> Path:
    item = ntu_skeleton.from_sequences({"camera": camera(still(0, 0, 2), still(1, 0, 2), frames=3)})
    for name in names:
        ntu_skeleton.write(folder / "some" / f"{name}.skeleton", item)
    return folder


def test_card_and_classes():
    assert ntu.CARD["name"] == "ntu" and len(ntu.CLASSES) == len(set(ntu.CLASSES)) == 120
    assert (len(ntu.TRAIN_60), len(ntu.TRAIN_120), len(ntu.PAIRS)) == (20, 53, 26)
    assert [ntu.CLASSES[action - 1] for action in ntu.LSTM8] == [
        "drink_water", "throw", "tear_up_paper", "take_off_glasses", "reach_into_pocket",
        "point_to_something", "wipe_face", "fall",
    ]  # fmt: skip


def test_missing_clips_fall_into_the_published_parts():
    """56,880 - 302 clips are 40,091 + 16,487 by subject and 37,646 + 18,932 by view."""
    names = [ntu.parse_name(key) for key in MISSING]
    of_60 = [name for name in names if name.action <= 60 and name.setup <= 17]
    assert (len(names), len(of_60)) == (535, 302)
    assert sum(name.performer in ntu.TRAIN_60 for name in of_60) == 40_320 - 40_091
    assert sum(name.camera == 1 for name in of_60) == 18_960 - 18_932


def test_names():
    assert ntu.parse_name("S001C002P003R002A013") == ntu.NtuName(
        setup=1, camera=2, performer=3, replication=2, action=13
    )
    for name in ("S001C002P003R002A121", "S001C002P003R002A000", "S1C2P3R2A13", "S001C002P003R002A013.x"):
        with pytest.raises(InputError, match="S001C002P003R002A013"):
            ntu.parse_name(name)


def test_a_60_root(tmp_path):
    write_clips(tmp_path, "S001C001P001R001A001", "S002C002P003R002A055", "S001C002P005R002A008", "notes")
    table = ntu.open(tmp_path)
    assert table.ids == ("S001C001P001R001A001", "S002C002P003R002A055") and len(table.classes) == 60
    assert table.split("xsub", "train") == table.ids[:1] and table.split("xview", "train") == table.ids[1:]
    clip = table[1]
    assert (clip.label, clip.subject, clip.camera, clip.setup) == ("hug_someone", "3", "2", "2")
    assert clip.meta == {"replication": 2, "pair": True, "id_changes": 0} and clip.poses.persons == 2
    assert "S001C002P005R002A008" in ntu.open(tmp_path, missing=True).ids
    with pytest.raises(InputError):
        table.split("xset", "train")
    with pytest.raises(InputError, match="got 'S001'"):
        table["S001"]


def test_a_120_root_and_its_subsets(tmp_path):
    write_clips(tmp_path, "S001C001P001R001A001", "S018C001P045R001A061", "S019C002P107R001A120",
                "S003C001P002R001A043")  # fmt: skip
    table = ntu.open(tmp_path)
    assert len(table) == 4 and len(table.classes) == 120
    assert table.split("xsub", "test") == ("S019C002P107R001A120",)
    assert table.split("xset", "train") == ("S018C001P045R001A061",)
    assert ntu.open(tmp_path, subset="60").ids == ("S001C001P001R001A001", "S003C001P002R001A043")
    eight = ntu.open(tmp_path, subset="lstm8")
    assert len(eight.classes) == 8 and eight["S003C001P002R001A043"].label == "fall" and len(eight) == 2


@pytest.mark.parametrize("options", [{"subset": "90"}, {"bodies": "all"}, {"space": "world"}])
def test_unknown_options(tmp_path, options):
    with pytest.raises(InputError, match="Expected one of"):
        ntu.open(write_clips(tmp_path, "S001C001P001R001A001"), **options)


def test_missing_roots(tmp_path):
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError):
            ntu.open(root)


def test_bodies_apart_stay_who_they_are():
    poses = camera(still(0, 0, 39), still(1, 5, 30))
    made = _bodies.tracked(poses)
    assert made.apply(poses).equals(poses) and made.id_changes() == 0


def test_a_changed_id_is_the_same_person():
    poses = camera(still(0, 0, 14), still(0.05, 18, 39), still(1.5, 0, 39))
    made = _bodies.tracked(poses)
    assert made.ids == ("10", "12") and made.id_changes() == 1
    people = made.apply(poses)
    assert people.present.any(axis=2)[0].tolist() == [True] * 15 + [False] * 3 + [True] * 22
    assert np.nanmax(np.abs(people.position[0, :, :, 0])) < 0.5 < np.nanmin(people.position[1, :, :, 0])


def test_swapped_ids_are_swapped_back():
    left, right = still(0, 0, 39), still(0.8, 0, 39)
    one = {frame: (left if frame < 20 else right)[frame] for frame in left}
    two = {frame: (right if frame < 20 else left)[frame] for frame in left}
    poses = camera(one, two)
    people = _bodies.tracked(poses).apply(poses)
    assert people.persons == 2
    assert np.abs(people.position[0, :, :, 0]).max() < 0.4 < people.position[1, :, :, 0].min()


def test_people_who_walk_past_each_other_keep_their_ids():
    one = {frame: (-1 + frame / 20, 3.0) for frame in range(40)}
    two = {frame: (1 - frame / 20, 3.4) for frame in range(40)}
    poses = camera(one, two)
    made = _bodies.tracked(poses)
    assert made.id_changes() == 0 and made.apply(poses).equals(poses)


def test_far_or_long_gone_is_another_person():
    poses = camera(still(0, 0, 9), still(2, 10, 19), {**still(0, 50, 59)}, frames=60)
    assert _bodies.tracked(poses).ids == ("10", "11", "12")
    again = camera({**still(0, 0, 9), **still(3, 12, 20)}, frames=30)
    assert _bodies.tracked(again).ids == ("10", "10.2")


def test_nobody_at_all():
    for arrange in (_bodies.tracked, _bodies.pyskl):
        for poses in (camera(frames=5), camera({}, frames=5)):
            assert arrange(poses).apply(poses).persons == 0


def test_pyskl_keeps_one_body_as_it_is():
    poses = camera({**still(0, 3, 9), **still(0, 12, 14)}, frames=20)
    made = _bodies.pyskl(poses)
    assert made.ids == ("0",) and made.frame[0].tolist() == [*range(3, 10), 12, 13, 14]
    assert made.apply(poses).timestamps_s[-1] == 9 / 30


def test_pyskl_drops_the_short_and_the_wide():
    poses = camera(still(0, 0, 39), still(1, 0, 10))
    assert _bodies.pyskl(poses).person.tolist() == [[0] * 40]
    wide = camera(still(0, 0, 39), still(1, 0, 39))
    position = wide.position.copy()
    position[1, :, :, 0] *= 9
    made = _bodies.pyskl(wide.replace(position=position))
    assert made.person.tolist() == [[0] * 40]
    position[1, :20, :, 0] /= 9  # wide in half of its frames only
    assert len(_bodies.pyskl(wide.replace(position=position)).ids) == 2


def test_pyskl_merges_into_two_slots_the_liveliest_first():
    poses = camera(still(0, 5, 19), still(1, 5, 39), still(0, 20, 39), frames=45)
    made = _bodies.pyskl(poses)  # motion rises with the number of the body
    assert made.person.shape == (2, 35)  # the empty frames at both ends are gone
    assert made.person.tolist() == [[0] * 15 + [2] * 20, [1] * 35]


def test_pyskl_puts_who_is_there_first_into_the_first_slot():
    poses = camera(still(0, 0, 30), still(1, 12, 39))
    made = _bodies.pyskl(poses)
    assert made.person[0].tolist() == [0] * 31 + [-1] * 9
    assert made.apply(poses).present.any(axis=2)[1].tolist() == [False] * 12 + [True] * 28


def test_pyskl_where_a_rule_leaves_nobody():
    poses = camera(still(0, 0, 5), still(1, 0, 8), frames=9)
    assert _bodies.pyskl(poses).person.shape == (2, 9)


@pytest.mark.realdata
def test_real_clips(data_root):
    for bodies in ("tracked", "file", "pyskl"):
        table = ntu.open(data_root / "ntu", bodies=bodies)
        assert [clip.label for clip in table] == ["drink_water", "eat_meal", "read", "shake_hands"]
        assert [clip.poses.persons for clip in table] == [1, 1, 1, 2]
    pair = table["S001C003P008R002A058"]
    assert pair.meta["pair"] and pair.poses.present.all() and pair.poses.frames == 70
    for space, size in (("ir", (512, 424)), ("color", (1920, 1080))):
        poses = ntu.open(data_root / "ntu", space=space)[-1].poses
        assert poses.mirrored and poses.image_size == size and (poses.position[..., 0] < size[0]).all()


@pytest.mark.realdata
def test_the_published_lists_of_missing_clips(data_root):
    for name, number in (("NTU_RGBD120", 535), ("NTU_RGBD", 302)):
        text = (data_root / "ntu" / f"{name}_samples_with_missing_skeletons.txt").read_text()
        names = set(ntu.NAME.sub(lambda match: f"\n{match[0]}\n", text).split("\n")) & MISSING
        assert len(names) == number == len(ntu.NAME.findall(text))
