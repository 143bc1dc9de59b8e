"""Bare arrays of numpy: ours whole, those of others with what the user says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import FormatError, InputError, PoseSequence
from bodyverb.formats import Given, arrays_npz
from bodyverb.formats._guess import of_file

PLACE = np.random.default_rng(0).uniform(1, 9, (2, 5, 14, 3))


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_ours_is_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    place = np.where(rng.uniform(size=(2, 5, 14, 1)) < 0.2, np.nan, PLACE)
    poses = PoseSequence.from_arrays(
        place,
        skeleton=skeletons.get("lsp14"),
        timestamps_s=[0.1, 0.2, 0.4, 0.5, 0.9],
        score=rng.uniform(size=place.shape[:3]),
        space="world",
        unit="mm",
        axes="z-up",
        person_ids=("ä", "b"),
        source="clip",
    )
    assert arrays_npz.read(arrays_npz.write(tmp_path / "a.npz", poses)).equals(poses)


@pytest.mark.parametrize("name", ["keypoints", "arr_0", "anything"])
@pytest.mark.parametrize("people", [1, 2])
def test_those_of_others(tmp_path: Path, name: str, people: int) -> None:
    path = saved(tmp_path / "a.npz", **{name: PLACE[0] if people == 1 else PLACE})
    assert of_file(path).name == "npz"
    poses = arrays_npz.read(path, Given(layout="lsp14", unit="mm", rate_hz=25))
    assert (poses.persons, poses.unit, poses.rate, poses.timestamps_s[1]) == (people, "mm", "nominal", 0.04)
    assert arrays_npz.read(path).unit == "none" and arrays_npz.read(path).rate == "unknown"


def test_the_layout_is_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", keypoints=np.ones((4, 17, 2)))
    with pytest.raises(InputError, match="coco17, h36m17, pa17"):
        arrays_npz.read(path)
    assert arrays_npz.read(path, Given(wanted="coco17")).skeleton.name == "coco17"


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": PLACE, "b": PLACE}, "Expected an array called position"),
        ({"position": PLACE[0, 0]}, "reorder it"),
        ({"position": PLACE[..., :1]}, "reorder it"),
        ({"position": np.array(["a"])}, "as an array of numbers"),
        ({"position": PLACE, "score": np.ones(3)}, "score"),
        ({"position": PLACE, "about": np.array("{")}, "'about' as JSON"),
        ({"position": PLACE, "about": np.array('{"unit": "mm"}')}, "'about' as JSON"),
        ({"position": PLACE, "timestamps_s": np.zeros(5)}, "rising"),
        ({"position": PLACE, "person_ids": np.array(["a", "a"])}, "unique"),
        ({"position": np.array([print])}, "Expected"),
    ],
)
def test_odd_files(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(FormatError, match=said) as raised:
        arrays_npz.read(saved(tmp_path / "a.npz", **arrays), Given(layout="lsp14"))
    assert "a.npz" in str(raised.value) and "\n" not in str(raised.value)


def test_damage(tmp_path: Path, damage: Any) -> None:
    poses = PoseSequence.from_arrays(PLACE, skeleton=skeletons.get("lsp14"), rate_hz=30)
    sample = arrays_npz.write(tmp_path / "a.npz", poses).read_bytes()
    damage("b.npz", sample, lambda path: arrays_npz.read(path, Given(layout="lsp14")), lambda _: None, 40)
