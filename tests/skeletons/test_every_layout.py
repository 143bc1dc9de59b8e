"""One contract over every layout: drawn, tabled, reported, exported, written and read."""

import json
from pathlib import Path

import numpy as np
import pytest

from bodyverb import formats, skeletons
from bodyverb.core import InputError, PoseSequence, Recording, Skeleton
from bodyverb.formats import (
    alphapose_json,
    coco_json,
    mediapipe_json,
    movement_nc,
    openpose_json,
    pose_csv,
    pose_parquet,
    poses_h5,
)
from bodyverb.outputs.contact_sheet import contact_sheet
from bodyverb.outputs.overlay import OverlayDrawer
from bodyverb.outputs.palette import LEFT, RIGHT, limb_sides
from bodyverb.outputs.report import report_html
from bodyverb.outputs.tables import recording_table

OWN = Skeleton(
    name="own", joints=("snout", "rump"), parents=(-1, 0), limbs=((0, 1),), flip=(0, 1), root=(1,)
)  # fmt: skip
LAYOUTS = [*map(skeletons.get, skeletons.names()), OWN]
SIZE = (640, 480)

every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def recording(layout: Skeleton) -> Recording:
    """One person over three frames, each joint at a place of its own; a joint and a frame are absent."""
    at = np.arange(len(layout))
    position = np.stack([60 + at % 6 * 100, 60 + at // 6 * 70], axis=1) + np.zeros((3, 1, 1))
    position[1, 0] = np.nan
    track = PoseSequence.from_arrays(
        position,
        skeleton=layout,
        rate_hz=10,
        score=np.full(position.shape[:2], 0.75),
        image_size=SIZE,
        person_ids=("1",),
    )
    return Recording(timestamps_s=track.timestamps_s, image_size=SIZE, source="clip.mp4", tracks=(track,))


@every_layout
def test_drawn(layout: Skeleton) -> None:
    made = recording(layout)
    image = OverlayDrawer(made).draw(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), 0.0)
    for x, y in made.tracks[0].position[0, 0].astype(int):
        assert (image[y, x] != 90).any(), "each joint has its dot"
    for colour, side in ((LEFT, "left"), (RIGHT, "right")):
        assert (image == colour).all(axis=-1).any() == (side in limb_sides(layout))


@every_layout
def test_listed_and_reported(layout: Skeleton) -> None:
    made = recording(layout)
    assert recording_table(made).row_count == 1
    assert contact_sheet(made).ndim == 3
    page = report_html(made)
    assert all(json.dumps(joint) in page for joint in layout.joints)


@every_layout
def test_native_file(layout: Skeleton, tmp_path: Path) -> None:
    made = recording(layout)
    back = poses_h5.read(poses_h5.write(tmp_path / "clip.poses.h5", made))
    assert back.tracks[0].equals(made.tracks[0]) and back.tracks[0].skeleton == layout


@every_layout
def test_csv_and_coco_keep_the_layout(layout: Skeleton, tmp_path: Path) -> None:
    made = recording(layout)
    table = pose_csv.read(pose_csv.write(tmp_path / "a.csv", made), layout if layout is OWN else None)
    coco = coco_json.read(coco_json.write(tmp_path / "a.json", made))
    for back in (table, coco):
        (track,) = back.tracks
        assert track.skeleton == layout
        np.testing.assert_allclose(track.position, made.tracks[0].position, atol=1e-3)
        np.testing.assert_array_equal(track.state, made.tracks[0].state)


def written(name: str, folder: Path, made: Recording) -> Path:
    one = formats.named(name, writing=True)
    assert one.write is not None
    return one.write(folder / f"clip{one.suffixes[0]}", [("clip", made)])


@every_layout
def test_files_of_names_and_numbers_keep_the_layout(layout: Skeleton, tmp_path: Path) -> None:
    made = recording(layout)
    landmarks = mediapipe_json.read(written("landmarks", tmp_path, made))
    assert landmarks.skeleton.joints == layout.joints
    (table,) = pose_parquet.read(written("parquet", tmp_path, made)).tracks
    (people,) = alphapose_json.read(written("alphapose", tmp_path, made), layout=layout).tracks
    movement = movement_nc.read(written("movement", tmp_path, made))
    assert table.skeleton == people.skeleton == movement.skeleton == layout
    for back in (landmarks, table, people, movement):
        np.testing.assert_allclose(back.position, made.tracks[0].position, atol=1e-3)


@every_layout
def test_openpose_takes_bodies_and_refuses_the_rest(layout: Skeleton, tmp_path: Path) -> None:
    made = recording(layout)
    if layout.name in ("hand21", "own"):
        with pytest.raises(InputError, match=f"joints in common, got '{layout.name}' and 'openpose25'"):
            formats.export("openpose", tmp_path, "clip", made)
        assert not list(tmp_path.iterdir())
        return
    (track,) = openpose_json.read(formats.export("openpose", tmp_path, "clip", made)).tracks
    exact = set(layout.joints) & set(track.skeleton.joints)
    middles = {"thorax", "pelvis"}
    found = {joint for joint in track.skeleton.joints if track.present[0, 0, track.skeleton.index(joint)]}
    assert found == exact | middles
    for joint in exact:
        mine, theirs = track.skeleton.index(joint), layout.index(joint)
        np.testing.assert_allclose(
            track.position[0, :, mine], made.tracks[0].position[0, :, theirs], atol=1e-3
        )
