"""Layouts from a user's own file, JSON or TOML: the fields of `Skeleton`, joints by name or 0-based index."""

import difflib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bodyverb.core.errors import FormatError, InputError
from bodyverb.core.skeleton import Skeleton

SUFFIXES = (".json", ".toml")
MAX_BYTES = 1 << 20
MAX_JOINTS = 1000
REQUIRED = ("name", "joints", "parents", "root")
OPTIONAL = ("limbs", "flip", "sigmas")


def read(path: str | Path) -> Skeleton:
    """Read a layout.

    `name`, `joints` and `root` (a list of joints) are needed, and `parents`: a list with one entry a joint
    ("", null or -1 for none) or a table from joint to parent. `limbs` are by default the bones, `flip` pairs
    the `left_` and `right_` joints (or is a list with one entry a joint, or a table of pairs), `sigmas` are
    none. What `Skeleton.to_dict` gives is such a file.

    Raises:
        FormatError: Where the file is not JSON or TOML, or not a layout.
        InputError: Where the file cannot be read.
    """
    data = _parse(Path(path))
    try:
        return _build(data)
    except InputError as error:
        raise FormatError(f"{error}: {path}") from None


def _parse(path: Path) -> Any:
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise InputError(f"Expected a layout file ending {' or '.join(SUFFIXES)}, got {path.name!r}: {path}")
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"Expected a layout file, got {error.strerror}; check the path: {path}") from None
    if len(raw) > MAX_BYTES:
        raise FormatError(f"Expected a layout of at most {MAX_BYTES} bytes, got more; check the file: {path}")
    try:
        text = raw.decode("utf-8-sig")
        if kind == ".toml":
            return tomllib.loads(text)
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        language = kind[1:].upper()
        raise FormatError(f"Expected a layout as {language}, got {error}; correct the file: {path}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; the same key twice is an error, as it is in TOML."""
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} twice")
    return result


def _no_constant(word: str) -> float:
    raise ValueError(f"the number {word}")


def _build(data: Any) -> Skeleton:
    _check_keys(data)
    name, joints = data["name"], data["joints"]
    if not isinstance(name, str):
        raise InputError(f"Expected name as text, got {name!r}; write a short unique name")
    if not isinstance(joints, list) or not all(isinstance(joint, str) for joint in joints):
        raise InputError("Expected joints as a list of names, got something else; name each joint once")
    if len(joints) > MAX_JOINTS:
        raise InputError(f"Expected at most {MAX_JOINTS} joints, got {len(joints)}; check the file")
    parents = _parents(data["parents"], joints)
    limbs = data.get("limbs")
    bones = ((parent, joint) for joint, parent in enumerate(parents) if parent >= 0)
    skeleton = Skeleton(
        name=name,
        joints=tuple(joints),
        parents=parents,
        limbs=tuple(bones) if limbs is None else _limbs(limbs, joints),
        flip=_flip(data.get("flip"), joints),
        root=tuple(_joint(joint, joints, "root") for joint in _list(data["root"], "root")),
        sigmas=None if data.get("sigmas") is None else _sigmas(data["sigmas"]),
    )
    _check_sides(skeleton)
    return skeleton


def _check_keys(data: Any) -> None:
    if not isinstance(data, Mapping):
        raise InputError(f"Expected a layout with {', '.join(REQUIRED)}, got no table; write these keys")
    for key in data:
        if key not in REQUIRED + OPTIONAL:
            raise InputError(
                f"Expected the keys {', '.join(REQUIRED + OPTIONAL)}, got {key!r}; "
                f"{_hint(key, REQUIRED + OPTIONAL)}"
            )
    missing = [key for key in REQUIRED if key not in data]
    if missing:
        raise InputError(
            f"Expected a layout with {', '.join(REQUIRED)}, got none for {', '.join(missing)}; add it"
        )


def _parents(value: Any, joints: list[str]) -> tuple[int, ...]:
    """Index of each joint's parent, -1 for a root, from a list or a table."""
    if isinstance(value, Mapping):
        result = [-1] * len(joints)
        for joint, parent in value.items():
            result[_joint(joint, joints, "parents")] = _parent(parent, joints)
        return tuple(result)
    return tuple(_parent(parent, joints) for parent in _list(value, "parents"))


def _parent(value: Any, joints: list[str]) -> int:
    return -1 if value is None or value == "" else _joint(value, joints, "parents")


def _limbs(value: Any, joints: list[str]) -> tuple[tuple[int, int], ...]:
    limbs = []
    for pair in _list(value, "limbs"):
        if not isinstance(pair, list) or len(pair) != 2:
            raise InputError(f"Expected limbs as pairs of joints, got {pair!r}; write [joint, joint]")
        a, b = (_joint(joint, joints, "limbs") for joint in pair)
        limbs.append((a, b))
    return tuple(limbs)


def _flip(value: Any, joints: list[str]) -> tuple[int, ...]:
    """Index of each joint's mirror image, from the names, from a list or from a table of pairs."""
    if value is None:
        return tuple(_mirrored(joint, joints) for joint in joints)
    if not isinstance(value, Mapping):
        return tuple(_joint(joint, joints, "flip") for joint in _list(value, "flip"))
    result = list(range(len(joints)))
    paired: dict[int, int] = {}
    for first, second in value.items():
        a, b = _joint(first, joints, "flip"), _joint(second, joints, "flip")
        for one, other in ((a, b), (b, a)):
            if 0 <= one < len(joints) and paired.setdefault(one, other) != other:
                raise InputError(
                    f"Expected one mirror image of {joints[one]!r} in flip, got two; pair each joint once"
                )
    for one, other in paired.items():
        result[one] = other
    return tuple(result)


def _mirrored(joint: str, joints: list[str]) -> int:
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if joint.startswith(side):
            wanted = other + joint.removeprefix(side)
            if wanted not in joints:
                raise InputError(
                    f"Expected {wanted!r} beside {joint!r} in joints, got none; add it, or write flip"
                )
            return joints.index(wanted)
    return joints.index(joint)


def _sigmas(value: Any) -> tuple[float, ...]:
    numbers = _list(value, "sigmas")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise InputError(f"Expected sigmas as numbers, got {number!r}; write one a joint, or none")
    return tuple(float(number) for number in numbers)


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"Expected {field} as a list, got {value!r}; write joints in brackets")
    return value


def _joint(value: Any, joints: list[str], field: str) -> int:
    """Index of a joint given by name or by index (whose range `Skeleton` checks)."""
    if isinstance(value, str):
        if value in joints:
            return joints.index(value)
        raise InputError(f"Expected joints of the layout in {field}, got {value!r}; {_hint(value, joints)}")
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"Expected names or whole numbers in {field}, got {value!r}; name the joint")
    return value


def _check_sides(skeleton: Skeleton) -> None:
    opposite = {"left": "right", "right": "left", "centre": "centre"}
    for joint, other in enumerate(skeleton.flip):
        if skeleton.sides[other] != opposite[skeleton.sides[joint]]:
            raise InputError(
                f"Expected left_ and right_ joints to be mirror images of each other, got "
                f"{skeleton.joints[joint]!r} and {skeleton.joints[other]!r}; correct flip or the names"
            )


def _hint(word: str, known: Iterable[str]) -> str:
    """What may have been meant."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(known)}"
