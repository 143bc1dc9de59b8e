"""A user's own clips: classes, groups, parts, videos that still wait for their poses."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb import datasets, skeletons
from bodyverb.core import InputError, PoseSequence, Recording
from bodyverb.datasets import _groups, folder
from bodyverb.formats import pose_csv, poses_h5
from bodyverb.media.expand import VIDEO_SUFFIXES


def recording(frames: int = 5, people: int = 1) -> Recording:
    layout = skeletons.get("coco17")
    rng = np.random.default_rng(frames)
    tracks = [
        PoseSequence.from_arrays(
            rng.uniform(0, 99, (1, frames, len(layout), 2)),
            skeleton=layout,
            rate_hz=30,
            person_ids=(str(one),),
        )
        for one in range(people)
    ]
    return Recording(
        timestamps_s=np.arange(frames) / 30, image_size=None, source="a.mp4", tracks=tuple(tracks)
    )


def put(path: Path, **what: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    poses_h5.write(path, recording(**what))


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for verb in ("jump", "squat"):
        for number in range(1, 11):
            put(
                tmp_path / verb / f"anna{number}.poses.h5"
                if number < 6
                else tmp_path / verb / f"ben{number}.poses.h5"
            )
    return tmp_path


def test_classes_ids_and_poses(clips):
    (clips / "squat" / "deep").mkdir()
    pose_csv.write(clips / "squat" / "deep" / "x.poses.csv", recording(people=2))
    (clips / "squat" / "notes.docx").write_text("none")
    table = datasets.open("folder", clips)
    assert table.classes == ("jump", "squat")
    assert table.ids[:2] == ("jump/anna1", "jump/anna2") and "squat/deep/x" in table.ids
    assert table.ids.index("jump/ben9") < table.ids.index("jump/ben10")
    clip = table["squat/deep/x"]
    assert (clip.label, clip.poses.persons, clip.poses.frames) == ("squat", 2, 5)
    assert table.unposed == () and any("notes.docx" in note for note in table.notes)


def test_files_of_other_formats_and_of_one_stem(tmp_path):
    from bodyverb import formats

    for name in ("ntu", "nw_ucla", "penn_action", "pku_mmd"):
        datasets.make(name, tmp_path / name, count=2)
    suffixes = (".skeleton", ".json", ".mat", ".txt")
    files = [
        path for path in sorted(tmp_path.rglob("*")) if path.suffix in suffixes and "Label" not in str(path)
    ]
    for at, path in enumerate(files):
        place = tmp_path / "all" / f"class{at % 2}" / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    formats.export("csv", place.parent, "twice", recording())
    put(place.parent / "twice.poses.h5", people=2)
    (place.parent / "notes.txt").write_text("not poses")
    table = datasets.open("folder", tmp_path / "all", groups=".*", test=0.3)
    layouts = {table[name].poses.skeleton.name for name in table.ids}
    assert layouts == {"kinect25", "kinect20", "penn13", "coco17"} and len(table) == len(files) + 1
    assert table["class1/twice"].poses.persons == 2
    assert "notes.txt" in table.notes[-1]


def test_nobody_found_is_a_clip_of_nobody(clips):
    put(clips / "squat" / "empty.poses.h5", people=0)
    poses = datasets.open("folder", clips)["squat/empty"].poses
    assert (poses.persons, poses.frames) == (0, 5)


def test_groups_keep_together(clips):
    table = datasets.open("folder", clips, groups="/([a-z]+)", validation=0.0, test=0.5)
    parts = table.splits["groups"]
    people = {part: {table[name].meta["group"] for name in ids} for part, ids in parts.items()}
    assert {len(found) for found in (people["train"], people["test"])} == {1}
    assert people["train"] != people["test"] and table.notes == ()


@pytest.mark.parametrize(
    ("people", "sizes"), [(2, (1, 0, 1)), (3, (2, 0, 1)), (4, (2, 1, 1)), (10, (7, 2, 1))]
)
def test_few_groups_are_kept_for_training(people: int, sizes: tuple[int, int, int]):
    names = [f"{person}/{clip}" for person in range(people) for clip in range(4)]
    shares = {"train": 0.7, "validation": 0.15, "test": 0.15}
    parts, notes = _groups.divided(
        {name: "ab"[int(name[-1]) % 2] for name in names},
        {name: name.split("/")[0] for name in names},
        shares,
        0,
    )
    assert tuple(len(parts[part]) // 4 for part in shares) == sizes and notes == ()


def test_one_group_is_said_and_goes_on(clips):
    table = datasets.open("folder", clips, groups="jump|squat")
    assert any("optimistic" in note for note in table.notes)
    assert all(table.splits["groups"].values())


def test_groups_from_a_table(clips, tmp_path_factory):
    path = tmp_path_factory.mktemp("groups") / "who.csv"
    rows = [f"{name},{'a' if '1' in name else 'b'}" for name in datasets.open("folder", clips).ids]
    path.write_text("clip,group\n" + "\n".join(rows))
    table = datasets.open("folder", clips, groups=str(path))
    assert {table[name].meta["group"] for name in table.ids} == {"a", "b"}
    path.write_text("\n".join(rows[1:]))
    with pytest.raises(InputError, match="jump/anna1"):
        datasets.open("folder", clips, groups=str(path))
    path.write_text("jump/anna1\n")
    with pytest.raises(InputError, match="rows of clip and group"):
        datasets.open("folder", clips, groups=str(path))


def test_videos_wait_until_their_poses_are_there(clips):
    (clips / "squat" / "long.mp4").write_bytes(b"")
    (clips / "squat" / "long.mov").write_bytes(b"")
    (clips / "squat" / "anna1.mp4").write_bytes(b"")
    table = datasets.open("folder", clips)
    assert "squat/long" not in table.ids and table["squat/anna1"].media == str(clips / "squat" / "anna1.mp4")
    assert {one.media.name for one in table.unposed} == {"long.mp4", "long.mov"}
    for one in table.unposed:
        put(one.poses)
    table = datasets.open("folder", clips)
    assert table.unposed == () and {"squat/long", "squat/long.mp4"} <= set(table.ids)
    os.utime(clips / "squat" / "long.mp4", ns=(2**62, 2**62))
    assert [one.media.name for one in datasets.open("folder", clips).unposed] == ["long.mp4"]


def test_poses_may_be_kept_elsewhere(clips, monkeypatch):
    (clips / "squat" / "long.mp4").write_bytes(b"")
    monkeypatch.chdir(clips)
    (one,) = datasets.open("folder", clips, poses="made").unposed
    put(one.poses)
    assert one.poses == Path("made") / "squat" / "long.mp4" / "long.poses.h5"
    table = datasets.open("folder", clips, poses="made")
    assert table.classes == ("jump", "squat") and "squat/long" in table.ids and not table.unposed


def test_mistakes_are_said(clips, tmp_path_factory):
    bare = tmp_path_factory.mktemp("bare")
    with pytest.raises(InputError, match="sub-folder a class"):
        folder.open(bare)
    (bare / "squat").mkdir()
    with pytest.raises(InputError, match="poses or videos"):
        folder.open(bare)
    with pytest.raises(InputError, match="shares"):
        folder.open(clips, test=1.0)
    for wrong, said in (
        ("(", "regular expression"),
        ("nothing", "got none for 20"),
        ("no.csv", "No such file"),
    ):
        with pytest.raises(InputError, match=said):
            folder.open(clips, groups=wrong)
    with pytest.raises(InputError, match="Expected a number"):
        datasets._registry.parse_options("folder", ["seed=x"])
    assert datasets._registry.parse_options("folder", ["seed=3", "test=0.2"]) == {"seed": 3, "test": 0.2}


def test_videos_are_those_of_the_run():
    assert set(folder.VIDEOS) == VIDEO_SUFFIXES


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 6)), min_size=1, max_size=60),
    st.integers(0, 5),
)
def test_no_group_in_two_parts(drawn, seed):
    classes = {f"{at}": label for at, (label, _) in enumerate(drawn)}
    groups = {f"{at}": f"g{group}" for at, (_, group) in enumerate(drawn)}
    shares = {"train": 0.7, "validation": 0.15, "test": 0.15}
    parts, notes = _groups.divided(classes, groups, shares, seed)
    assert _groups.divided(classes, groups, shares, seed) == (parts, notes)
    assert sorted(name for ids in parts.values() for name in ids) == sorted(classes)
    of = {
        label: {groups[name] for name in classes if classes[name] == label} for label in set(classes.values())
    }
    if all(len(found) > 1 for found in of.values()):
        homes: dict[str, set[str]] = {}
        for part, ids in parts.items():
            for name in ids:
                homes.setdefault(groups[name], set()).add(part)
        assert all(len(found) == 1 for found in homes.values())
    else:
        assert "optimistic" in notes[0]
    assert {classes[name] for name in parts["train"]} == set(classes.values())
