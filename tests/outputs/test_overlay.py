import dataclasses

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import PoseSequence, Recording, Segment, Timeline
from bodyverb.outputs import palette
from bodyverb.outputs.figures import Figure, draw_figure, fit_text, tag_picture, text_size
from bodyverb.outputs.overlay import (
    Overlay,
    OverlayDrawer,
    StretchDrawer,
    draw_poses,
    verb_text,
    write_overlay,
)


def _near(image, x, y, colour, reach=2):
    part = image[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3).astype(int)
    return np.abs(part - np.array(colour)).sum(axis=1).min()


def test_limbs_tell_left_from_right(make_recording):
    recording = make_recording(people=1, frames=1)
    image = np.full((480, 640, 3), 128, np.uint8)
    track = recording.tracks[0]
    track = track.replace(score=np.ones_like(track.score))
    skeleton = track.skeleton
    figure = Figure(
        position=track.position[0, 0],
        score=track.score[0, 0],
        skeleton=skeleton,
        colour=palette.person_colour(0),
    )
    draw_figure(image, figure)
    for side, colour in (("left", palette.LEFT), ("right", palette.RIGHT)):
        a, b = (track.position[0, 0, skeleton.index(f"{side}_{joint}")] for joint in ("knee", "hip"))
        x, y = np.rint((a + b) / 2).astype(int)
        assert _near(image, x, y, colour) < 30


def test_low_scores_are_fainter_and_nan_is_not_drawn():
    skeleton = skeletons.get("penn13")
    position = np.full((13, 2), np.nan, np.float32)
    pair = skeleton.index("left_knee"), skeleton.index("left_hip")
    position[list(pair)] = [[20, 20], [60, 60]]
    drawn = []
    for score in (0.1, 0.4, 0.9):
        image = np.zeros((80, 80, 3), np.uint8)
        draw_figure(
            image, Figure(position=position, score=np.full(13, score), skeleton=skeleton, colour=(0, 255, 0))
        )
        drawn.append(int(image[40, 40].sum()))
    assert 0 < drawn[0] < drawn[1] < drawn[2]
    image = np.zeros((80, 80, 3), np.uint8)
    draw_figure(
        image, Figure(position=position * np.nan, score=np.ones(13), skeleton=skeleton, colour=(0, 255, 0))
    )
    assert not image.any()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 48), (33, 2000)])
def test_any_picture_size_and_far_away_joints(size, make_recording):
    recording = make_recording(people=3, frames=2)
    drawer = OverlayDrawer(recording)
    assert drawer.draw(np.zeros((size[1], size[0], 3), np.uint8), 0.0).shape == (size[1], size[0], 3)
    skeleton = recording.tracks[0].skeleton
    far = np.random.default_rng(0).uniform(-1e7, 1e7, (14, 2))
    figure = Figure(
        position=far, score=np.ones(14), skeleton=skeleton, colour=(1, 2, 3), name="x" * 400, label="y"
    )
    draw_poses(np.zeros((size[1], size[0], 3), np.uint8), [figure])


def test_pose_at_a_time():
    skeleton = skeletons.get("lsp14")
    times = np.array([0.0, 0.1, 0.2, 1.0, 1.1])
    position = np.broadcast_to(times[:, None, None] * 100, (5, 14, 2))
    track = PoseSequence.from_arrays(position, skeleton=skeleton, timestamps_s=times, person_ids=("a",))
    recording = Recording(timestamps_s=times, image_size=(200, 100), source="", tracks=(track,))
    drawer = OverlayDrawer(recording)
    assert drawer.figures(0.1)[0].position[0].tolist() == [10, 10]
    np.testing.assert_allclose(drawer.figures(0.15)[0].position, 15, atol=1e-4)
    assert drawer.figures(0.6) == [] and drawer.figures(-0.1) == [] and drawer.figures(1.2) == []
    np.testing.assert_allclose(drawer.figures(0.1, (400, 200))[0].position, (10 + 0.5) * 2 - 0.5)


def test_verb_of_the_moment_and_of_pairs(make_recording):
    one = lambda who, verb, start, end, sure: Segment(  # noqa: E731
        person_id=who, verb=verb, start_s=start, end_s=end, confidence=sure
    )
    segments = (one("1", "squat", 0, 1, 0.5), one("1+2", "bowl", 0.5, 1, 0.7), one("1", "unknown", 0, 2, 0.9))
    timeline = Timeline(classes=("squat", "bowl"), segments=segments)
    drawer = OverlayDrawer(make_recording(), timeline)
    assert verb_text(drawer.segment_at("1", 0.2)) == "squat 50%"
    assert verb_text(drawer.segment_at("1", 0.7)) == "bowl 70%"
    assert verb_text(drawer.segment_at("2", 0.7)) == "bowl 70%"
    assert verb_text(drawer.segment_at("1", 1.5)) == "unknown"
    assert verb_text(drawer.segment_at("2", 0.2)) == ""


def test_a_pair_has_a_tag_of_its_own_between_the_two(make_recording):
    one = lambda who, verb, end: Segment(person_id=who, verb=verb, start_s=0, end_s=end, confidence=0.7)  # noqa: E731
    segments = (one("1", "squat", 2), one("1+2", "hug", 1), one("2+3", "unknown", 2))
    drawer = OverlayDrawer(make_recording(people=3), Timeline(classes=("squat", "hug"), segments=segments))
    figures = drawer.figures(0.5)
    assert [figure.label for figure in figures] == ["squat 70%", "", ""]
    (tag,) = drawer.pairs(0.5, figures)
    assert (tag.name, tag.label) == ("1+2", "hug 70%") and drawer.pairs(1.5, figures) == []
    (half,) = drawer.pairs(0.5, figures[1:])  # the other is not in view
    np.testing.assert_array_equal(half.points, figures[1].position)
    plain, both = (np.full((480, 640, 3), 7, np.uint8) for _ in range(2))
    drawer.draw(both, 0.5)
    changed = (draw_poses(plain, figures) != both).any(axis=2)
    x = np.flatnonzero(changed.any(axis=0))
    middle = np.nanmean([figure.position[:, 0] for figure in figures[:2]])
    assert changed.any() and (x[0] + x[-1]) / 2 == pytest.approx(middle, abs=15)


def test_empty_recordings(make_recording):
    image = np.full((48, 64, 3), 7, np.uint8)
    assert (OverlayDrawer(make_recording(people=0)).draw(image.copy(), 0.0) == image).all()
    nothing = make_recording(people=1, frames=3)
    track = nothing.tracks[0].select(frames=slice(0, 0))
    empty = Recording(timestamps_s=nothing.timestamps_s, image_size=None, source="", tracks=(track,))
    assert (OverlayDrawer(empty).draw(image.copy(), 0.0) == image).all()


def test_text_fits():
    assert fit_text("short", 12, 500) == "short"
    cut = fit_text("a very long verb name indeed", 12, 80)
    assert cut.endswith("...") and text_size(cut, 12)[0] <= 80
    assert fit_text("abc", 12, 1) == ""
    picture, opacity = tag_picture("12", "squat 93%", (0, 158, 115), 14, 300)
    assert picture.shape[:2] == opacity.shape[:2] and picture.shape[1] <= 300
    assert opacity.min() >= 0 and opacity.max() <= 1


def test_written_overlay_has_every_frame(tmp_path, make_recording):
    av = pytest.importorskip("av")
    media = pytest.importorskip("bodyverb.media")
    if not hasattr(media, "VideoWriter"):
        pytest.skip("media has no VideoWriter yet")
    recording = make_recording(frames=12)

    class Frame:
        def __init__(self, time_s: float) -> None:
            self.time_s = time_s
            self.image = np.full((480, 640, 3), 90, np.uint8)

    frames = [Frame(t) for t in recording.timestamps_s]
    path = tmp_path / "a.mp4"
    assert write_overlay(frames, OverlayDrawer(recording), path, 320) == Overlay(frames=12)
    assert (frames[0].image == 90).all()
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 12 and pictures[0].shape == (240, 320, 3)
    assert pictures[5].std() > 5


def test_a_long_recording_is_drawn_the_same_in_stretches(make_recording):
    recording, asked = make_recording(frames=90, rate_hz=1.0), []

    def between(start_s: float, end_s: float) -> Recording:
        asked.append((start_s, end_s))
        inside = (recording.timestamps_s >= start_s) & (recording.timestamps_s <= end_s)
        return Recording(
            timestamps_s=recording.timestamps_s[inside],
            image_size=recording.image_size,
            source=recording.source,
            tracks=tuple(
                t.select(frames=np.isin(t.timestamps_s, recording.timestamps_s[inside]))
                for t in recording.tracks
            ),
        )

    pieces = StretchDrawer(between, None)
    plain = OverlayDrawer(dataclasses.replace(recording, segments=()))
    for time_s in [*np.arange(0, 91, 0.5), 3.0]:  # back again at the end
        expected = plain.draw(np.zeros((120, 160, 3), np.uint8), time_s)
        assert (pieces.draw(np.zeros((120, 160, 3), np.uint8), time_s) == expected).all()
    assert 4 <= len(asked) <= 7


def test_palette():
    assert palette.verb_colour("unknown", ("unknown",)) == palette.UNKNOWN
    assert palette.verb_colour("other", ("a",)) == palette.UNKNOWN
    many = tuple(f"v{at}" for at in range(40))
    assert all(0 <= c <= 255 for verb in many for c in palette.verb_colour(verb, many))
    assert palette.hex_of((1, 2, 255)) == "#0102ff"
    assert palette.text_on((255, 255, 255)) != palette.text_on((0, 0, 0))
    sides = palette.limb_sides(skeletons.get("lsp14"))
    assert set(sides) == {"left", "right", "centre"}
