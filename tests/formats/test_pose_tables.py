"""CSV and Parquet tables: exact round trips, tables of others, and damage."""

import dataclasses
import sys

import numpy as np
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence, Recording
from bodyverb.formats import pose_csv, pose_parquet


def same(mine, theirs):
    assert mine.source == theirs.source and mine.image_size == theirs.image_size
    np.testing.assert_array_equal(mine.timestamps_s, theirs.timestamps_s)
    assert mine.person_ids == theirs.person_ids
    for one, other in zip(mine.tracks, theirs.tracks, strict=True):
        assert one.equals(other.replace(extras={}))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), people=st.integers(0, 3), frames=st.integers(16, 30))
def test_parquet_is_exact(tmp_path, make_recording, seed, people, frames):
    first = make_recording(people=people, frames=frames, seed=seed)
    if people == 2:
        first = dataclasses.replace(first, tracks=first.tracks[1:], segments=())
    same(pose_parquet.read(pose_parquet.write(tmp_path / "a.parquet", first)), first)


def test_parquet_keeps_frames_of_reference(tmp_path):
    layout = skeletons.get("kinect25")
    poses = PoseSequence.from_arrays(
        np.random.default_rng(0).normal(size=(4, 25, 3)), skeleton=layout, rate_hz=25, space="world",
        unit="mm", axes="z-up",
    )  # fmt: skip
    first = Recording(timestamps_s=poses.timestamps_s, image_size=None, source="", tracks=(poses,))
    same(pose_parquet.read(pose_parquet.write(tmp_path / "a.parquet", first)), first)
    mixed = dataclasses.replace(first, tracks=(poses, poses.replace(unit="m", person_ids=("b",))))
    with pytest.raises(InputError, match="one layout and frame"):
        pose_parquet.write(tmp_path / "b.parquet", mixed)


def test_csv_and_parquet_are_one_table(tmp_path, make_recording):
    """Another program's table of the same columns reads like the CSV; rows may be in any order of people."""
    first = make_recording()
    text = pose_csv.write(tmp_path / "a.csv", first)
    want = pose_csv.read(text)
    options = arrow_csv.ConvertOptions(column_types={"person_id": pyarrow.string()}, strings_can_be_null=True)
    table = arrow_csv.read_csv(text, convert_options=options)
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=7)
    same(pose_parquet.read(tmp_path / "a.parquet"), want)
    parquet.write_table(table.sort_by("time_s"), tmp_path / "b.parquet")
    found = pose_parquet.read(tmp_path / "b.parquet")
    for person in want.person_ids:
        assert found.track(person).equals(want.track(person))


def test_joints_of_their_own(tmp_path):
    layout = dataclasses.replace(
        skeletons.get("lsp14"), name="mine", joints=(*skeletons.get("lsp14").joints[:13], "hat")
    )
    poses = PoseSequence.from_arrays(np.ones((2, 14, 3)), skeleton=layout, rate_hz=30)
    first = Recording(timestamps_s=poses.timestamps_s, image_size=None, source="", tracks=(poses,))
    table = pose_csv.read(pose_csv.write(tmp_path / "a.csv", first))
    assert table.tracks[0].skeleton.joints == layout.joints and table.tracks[0].skeleton.name == "table14"
    assert pose_csv.read(tmp_path / "a.csv", layout).tracks[0].skeleton == layout
    assert pose_parquet.read(pose_parquet.write(tmp_path / "a.parquet", first)).tracks[0].skeleton == layout
    with pytest.raises(FormatError, match="other columns"):
        pose_csv.read(tmp_path / "a.csv", skeletons.get("coco17"))


def test_csv_damage_names_the_line(tmp_path, make_recording):
    good = pose_csv.write(tmp_path / "good.csv", make_recording(people=1, frames=6)).read_text().split("\n")
    row = good[2].split(",")

    def broken(**cells):
        changed = list(row)
        for at, value in cells.items():
            changed[int(at[1:])] = value
        return "\n".join([*good[:2], ",".join(changed), *good[3:]])

    for text, word in (
        (broken(_3="x"), "line 3"),
        (broken(_3="nan"), "finite"),
        (broken(_3="-5"), "rising"),
        (broken(_8="1e"), "line 3"),
        (broken(_1=""), "no id"),
        (broken(_10="7"), "scores"),
        (broken(_11="3"), "states"),
        (broken(_11=""), "states"),
        ("\n".join(good[:2]) + "\na,b", "line 3"),
        (good[0].replace("_score", "_mark"), "other columns"),
        (good[0].replace("person_id", "person"), "Expected columns"),
        (good[0] + ",tail_y", "other columns"),
        (",".join(good[0].split(",")[:8]) + ",x", "columns of joints"),
        ('"' + "x" * 200_000, "line 1|field"),
    ):
        path = tmp_path / "bad.csv"
        path.write_text(text)
        with pytest.raises(FormatError, match=rf"(?s){word}.*bad\.csv|bad\.csv.*{word}"):
            pose_csv.read(path)
    for content in (b"\xff\xfe" * 100, good[0].encode() + b"\n\x00\xff"):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"bad\.csv"):
            pose_csv.read(path)


def test_parquet_of_something_else(tmp_path):
    path = tmp_path / "a.parquet"
    for content in (b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"source,person_id\n"):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"Expected .*, got .*a\.parquet"):
            pose_parquet.read(path)
    parquet.write_table(pyarrow.table({"x": [1, 2]}), path)
    with pytest.raises(FormatError, match="Expected columns"):
        pose_parquet.read(path)
    with pytest.raises(FormatError, match="No such file"):
        pose_parquet.read(tmp_path / "none.parquet")


def test_odd_metadata(tmp_path, make_recording):
    path = pose_parquet.write(tmp_path / "a.parquet", make_recording())
    table = parquet.read_table(path)
    for about in (b"{", b"[]", b'{"source": 5}', b'{"image_size": 5}', b'{"layout": {}}', b'{"unit": "x"}'):
        parquet.write_table(table.replace_schema_metadata({pose_parquet.KEY: about}), path)
        with pytest.raises(FormatError, match=r"a\.parquet"):
            pose_parquet.read(path)


def test_parquet_bombs(tmp_path, attempt, make_recording):
    """Millions of equal rows are a few kB."""
    path = pose_parquet.write(tmp_path / "a.parquet", make_recording(people=1, frames=20))
    table = parquet.read_table(path).slice(0, 1)
    many = pyarrow.concat_tables([table] * 2000).combine_chunks()
    many = pyarrow.concat_tables([many] * 200)
    parquet.write_table(many, path, compression="zstd")
    assert path.stat().st_size < 2**20
    error, peak = attempt(lambda: pose_parquet.read(path))
    assert isinstance(error, FormatError) and "MiB unpacked" in str(error) and peak < 2**23


def test_without_the_library(tmp_path, monkeypatch, make_recording):
    recording = make_recording()
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    for call in (
        lambda: pose_parquet.read(tmp_path / "a.parquet"),
        lambda: pose_parquet.write(tmp_path / "a.parquet", recording),
    ):
        with pytest.raises(InputError, match=r"pip install 'bodyverb\[tables\]'"):
            call()


@pytest.mark.parametrize("module", [pose_csv, pose_parquet])
def test_damage(damage, tmp_path, make_recording, module):
    sample = module.write(
        tmp_path / f"sample{module.SUFFIX}", make_recording(people=2, frames=12)
    ).read_bytes()

    def check(recording):
        assert len(recording.tracks) <= 12

    damage(f"a{module.SUFFIX}", sample, module.read, check, 30)
