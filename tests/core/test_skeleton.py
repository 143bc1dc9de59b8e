import json
from typing import Any

import pytest

from bodyverb.core.errors import InputError
from bodyverb.core.skeleton import Skeleton

GOOD: dict[str, Any] = {
    "name": "toy",
    "joints": ("nose", "left_hip", "right_hip"),
    "parents": (-1, 0, 0),
    "limbs": ((0, 1), (0, 2), (1, 2)),
    "flip": (0, 2, 1),
    "root": (1, 2),
}


def test_lookups() -> None:
    toy = Skeleton(**GOOD)
    assert len(toy) == 3
    assert toy.index("right_hip") == 2
    assert toy.sides == ("centre", "left", "right")
    assert toy == Skeleton(**GOOD)
    assert hash(toy) == hash(Skeleton(**GOOD))


def test_unknown_joint_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="got 'tail'; use one of nose, left_hip, right_hip"):
        Skeleton(**GOOD).index("tail")


@pytest.mark.parametrize("sigmas", [None, (0.1, 0.2, 0.2)])
def test_survives_json(sigmas: tuple[float, ...] | None) -> None:
    toy = Skeleton(**GOOD, sigmas=sigmas)
    assert Skeleton.from_dict(json.loads(json.dumps(toy.to_dict()))) == toy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "with a name"),
        ({"joints": ("nose", "hip", "hip")}, r"unique joint names .* got \['hip'\]"),
        ({"joints": ("nose", "", "x")}, "named joints"),
        ({"parents": (-1, 0)}, "Expected 3 parents .* got 2"),
        ({"parents": (-1, 0, 3)}, r"parents .* in -1\.\.2, got \[3\]"),
        ({"parents": (1, 2, 1)}, "cycle"),
        ({"parents": (-1, 0, -1)}, "survive the flip"),
        ({"limbs": ((0, 0),)}, "loop"),
        ({"limbs": ((0, 5),)}, r"limbs .* got \[5\]"),
        ({"limbs": ((0, 1),)}, "one-sided"),
        ({"flip": (0, 1, 1)}, "identity"),
        ({"flip": (0, 2, -1)}, r"flip .* got \[-1\]"),
        ({"root": ()}, "root joints"),
        ({"root": (1,)}, "root .* survive the flip"),
        ({"sigmas": (0.1, 0.0, 0.1)}, "sigmas > 0"),
        ({"sigmas": (0.1,)}, "Expected 3 sigmas"),
    ],
)
def test_rejects(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Skeleton(**{**GOOD, **change})


@pytest.mark.parametrize(
    "data", [{}, {**GOOD, "limbs": [1, 2]}, {**GOOD, "parents": ["a", 0, 0]}, {**GOOD, "root": None}]
)
def test_from_dict_rejects_what_is_no_layout(data: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Expected"):
        Skeleton.from_dict(data)


def test_from_dict_rejects_a_list() -> None:
    with pytest.raises(InputError, match="Expected"):
        Skeleton.from_dict([1, 2])  # type: ignore[arg-type]
