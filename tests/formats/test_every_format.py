"""The contract of every format: what it says that it holds comes back as it was written."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodyverb import formats, skeletons
from bodyverb.core import PoseSequence, Recording
from bodyverb.formats import Format, Frame, Given, Notes, Wanted, fit

WRITABLE = [one for one in formats.all_formats().values() if one.write and one.read]
FREE = (
    Frame(space="camera", unit="mm", axes="cv"),
    Frame(space="world", unit="m", axes="z-up"),
    Frame(space="image", unit="px", axes="cv", dims=2),
)
SIZE = (640, 480)
SCORES = np.array([0.25, 0.5, 0.875, 1.0], np.float32)


def recording(
    one: Format, frame: Frame, *, people: int, frames: int, seed: int, holes: bool = True
) -> Recording:
    """Synthetic poses that the format can hold, with everything that a recording may have."""
    rng = np.random.default_rng(seed)
    skeleton = skeletons.get(one.layouts[0] if one.layouts else "lsp14")
    joints, rate_hz = len(skeleton), one.rate_hz or 25.0
    times = np.arange(frames) / rate_hz
    tracks = []
    for person in range(people):
        place = rng.uniform(0.5, 400, (1, frames, joints, frame.dims)).astype(np.float32)
        if holes:
            place[rng.uniform(size=place.shape[:3]) < 0.2] = np.nan
            place[:, :, [*skeleton.root, skeleton.parents.index(-1)]] = (
                1.5  # somebody is there in every frame
            )
        if frame.space == "root":
            place -= place[:, :, skeleton.root].mean(axis=2, keepdims=True)
        state = np.where(np.isnan(place[..., 0]), 0, rng.integers(1, 3, place.shape[:3]))
        low = rng.uniform(0, 200, (1, frames, 2))
        tracks.append(
            PoseSequence.from_arrays(
                place,
                skeleton=skeleton,
                timestamps_s=times,
                rate="nominal",
                score=np.where(state > 0, rng.choice(SCORES, state.shape), 0),
                state=state,
                box=np.concatenate([low, low + rng.uniform(1, 99, (1, frames, 2))], axis=-1),
                extras={"speed": rng.uniform(size=(1, frames)).astype(np.float32)},
                space=frame.space,
                unit=frame.unit,
                axes=frame.axes,
                mirrored=bool(frame.mirrored),
                image_size=SIZE if frame.dims == 2 else None,
                person_ids=(str(person + 3),),
                source="clip",
            )
        )
    size = SIZE if frame.dims == 2 else None
    return Recording(
        timestamps_s=times, image_size=size, source="clip", tracks=tuple(tracks), meta={"label": 2}
    )


def told(one: Format, made: Recording, frame: Frame) -> Given:
    """What a user must say of a file that does not say it."""
    return Given(
        layout=made.tracks[0].skeleton.name if "layout" not in one.says and not one.layouts else None,
        unit=frame.unit if frame.unit in ("m", "mm") else None,
        axes=frame.axes,
        rate_hz=None if one.rate_hz or one.says & {"rate", "times"} else 25.0,
    )


def words(one: Format, frame: Frame) -> frozenset[str]:
    return one.says | one.says_flat if frame.dims == 2 else one.says


def people_at(made: Recording, frame: int) -> list[tuple[str, PoseSequence, int]]:
    """Id, track and row of everybody with a joint in a frame."""
    found = []
    for track in made.tracks:
        at = np.flatnonzero(np.abs(track.timestamps_s - made.timestamps_s[frame]) < 1e-6)
        if at.size and track.present[0, at[0]].any():
            found.append((track.person_ids[0], track, int(at[0])))
    return found


def same(one: Format, frame: Frame, made: Recording, back: Recording) -> None:
    """Every word of the format is kept."""
    says = words(one, frame)
    assert back.timestamps_s.size == made.timestamps_s.size
    if says & {"rate", "times"} or one.rate_hz:
        np.testing.assert_allclose(np.diff(back.timestamps_s), np.diff(made.timestamps_s), rtol=1e-4)
    if "times" in says:
        np.testing.assert_array_equal(back.timestamps_s, made.timestamps_s)
    if "image size" in says:
        assert back.image_size == made.image_size
    if "label" in says:
        assert back.meta["label"] == made.meta["label"]
    for at in range(made.timestamps_s.size):
        mine, theirs = people_at(made, at), people_at(back, at)
        assert len(mine) == len(theirs)
        if says & {"ids", "number ids"}:
            assert sorted(who for who, _, _ in mine) == sorted(who for who, _, _ in theirs)
        for who, track, row in mine:
            (other, that) = closest(track.position[0, row], theirs)
            same_person(one, says, (track, row), (other, that))
            if says & {"ids", "number ids"}:
                assert other.person_ids[0] == who


def closest(position: np.ndarray, people: list[tuple[str, PoseSequence, int]]) -> tuple[PoseSequence, int]:
    def apart(candidate: tuple[str, PoseSequence, int]) -> float:
        return float(np.nansum(np.abs(candidate[1].position[0, candidate[2]] - position)))

    _, track, row = min(people, key=apart)
    return track, row


def same_person(
    one: Format, says: frozenset[str], mine: tuple[PoseSequence, int], theirs: tuple[PoseSequence, int]
) -> None:
    (track, row), (other, that) = mine, theirs
    tolerance = 0.0 if one.decimals is None else 0.5001 * 10.0**-one.decimals
    told = len({frame.space for frame in one.frames or FREE}) == 1 or "space" in says
    for name in ("unit", "axes", *(("space",) if told else ())):
        assert getattr(track, name) == getattr(other, name), name
    if one.fitted:
        assert set(track.skeleton.joints) == set(other.skeleton.joints)
        return
    assert track.skeleton == other.skeleton
    mine_at, theirs_at = track.position[0, row], other.position[0, that]
    np.testing.assert_allclose(theirs_at, mine_at, rtol=2e-7, atol=tolerance)
    present = track.present[0, row]
    if "scores" in says:
        np.testing.assert_allclose(other.score[0, that][present], track.score[0, row][present], atol=1e-5)
    if "states" in says:
        np.testing.assert_array_equal(other.state[0, that], track.state[0, row])
    if "boxes" in says:
        assert track.box is not None and other.box is not None
        np.testing.assert_allclose(other.box[0, that], track.box[0, row], atol=max(2 * tolerance, 1e-4))
    if "extras" in says:
        np.testing.assert_array_equal(other.extras["speed"][0, that], track.extras["speed"][0, row])


def round_trip(one: Format, frame: Frame, made: Recording, folder: Path) -> list[tuple[str, Recording]]:
    assert one.write is not None and one.read is not None
    path = one.write(folder / f"clip{one.suffixes[0]}", [("clip", made)])
    assert formats._guess.of_file(path) == one, "the file is taken for another format"
    return list(one.read(path, told(one, made, frame)))


def cases() -> list[Any]:
    found = []
    for one in WRITABLE:
        for frame in one.frames or FREE:
            for people in (1, 3):
                if one.people is None or people <= one.people:
                    found.append(pytest.param(one, frame, people, id=f"{one.name}-{frame}-{people}"))
    return found


@pytest.mark.parametrize(("one", "frame", "people"), cases())
def test_what_a_format_says_comes_back(one: Format, frame: Frame, people: int, tmp_path: Path) -> None:
    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(frames=st.integers(1, 7), seed=st.integers(0, 2**31), holes=st.booleans())
    def trip(frames: int, seed: int, holes: bool) -> None:
        made = recording(one, frame, people=people, frames=frames, seed=seed, holes=holes)
        notes = Notes()
        fitted = fit(made, one, Wanted(), notes)
        assert not notes.rows(), "poses that a format holds are changed"
        ((name, back),) = round_trip(one, frame, fitted, tmp_path)
        assert "clip" in name
        same(one, frame, fitted, back)

    trip()


@pytest.mark.parametrize("one", WRITABLE, ids=lambda one: one.name)
def test_frames_of_nobody(one: Format, tmp_path: Path) -> None:
    frame = (one.frames or FREE)[0]
    made = recording(one, frame, people=1, frames=6, seed=1)
    made = dataclasses.replace(made, tracks=(made.tracks[0].select(frames=[1, 4]),))
    ((_, back),) = round_trip(one, frame, made, tmp_path)
    if one.fitted:
        assert back.timestamps_s.size == 6
        return
    seen = [at for at in range(back.timestamps_s.size) if people_at(back, at)]
    assert len(seen) == 2
    if "empty frames" in one.says:
        assert back.timestamps_s.size == 6 and seen == [1, 4]


@pytest.mark.parametrize("one", [one for one in WRITABLE if "nobody" in one.says], ids=lambda one: one.name)
@pytest.mark.parametrize("frames", [0, 3])
def test_nobody_at_all(one: Format, frames: int, tmp_path: Path) -> None:
    frame = (one.frames or FREE)[0]
    made = recording(one, frame, people=0, frames=frames, seed=1)
    assert one.write is not None and one.read is not None
    try:
        path = one.write(tmp_path / f"clip{one.suffixes[0]}", [("clip", made)])
        named = None if one.layouts or "layout" in one.says else "coco17"
        ((_, back),) = one.read(path, Given(layout=named))
    except formats.InputError as error:
        assert frames == 0 and "\n" not in str(error)
        return
    if one.many:
        other = recording(one, frame, people=1, frames=2, seed=1)
        one.write(path, [("nobody", made), ("somebody", other)])
        assert [name for name, _ in one.read(path, told(one, other, frame))] == ["nobody", "somebody"]
    assert not any(track.present.any() for track in back.tracks)
    if "empty frames" in one.says:
        assert back.timestamps_s.size == frames
