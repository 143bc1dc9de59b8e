"""A joint layout: the names of the joints and how they hang together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bodyverb.core.errors import InputError

Side = Literal["left", "right", "centre"]


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """A joint layout. All indices are 0-based.

    Attributes:
        name: Short name of the layout, e.g. `coco17`.
        joints: Joint names, unique; sides are prefixes (`left_knee`, `right_knee`).
        parents: Index of each joint's parent, -1 for a root: a forest, for bones and graphs.
        limbs: Pairs of joints to draw or to make limb heatmaps of; cycles are allowed.
        flip: Index of each joint's mirror image; a joint on the midline maps to itself.
        root: Joints whose mean is the body's origin, e.g. both hips.
        sigmas: Per-joint falloff of the object keypoint similarity (COCO), or None.

    Raises:
        InputError: Where the lengths, the indices or the symmetry do not fit together.

    Example:
        >>> pair = Skeleton(name="pair", joints=("left_eye", "right_eye"), parents=(-1, -1),
        ...                 limbs=((0, 1),), flip=(1, 0), root=(0, 1))
        >>> len(pair), pair.index("right_eye"), pair.sides
        (2, 1, ('left', 'right'))
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    limbs: tuple[tuple[int, int], ...]
    flip: tuple[int, ...]
    root: tuple[int, ...]
    sigmas: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Check names, indices, forest and symmetry."""
        self._check_names()
        self._check_indices()
        self._check_forest()
        self._check_symmetry()

    def __len__(self) -> int:
        """Number of joints."""
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Index of a joint by name.

        Raises:
            InputError: Where the layout has no such joint.
        """
        try:
            return self.joints.index(joint)
        except ValueError:
            raise InputError(
                f"Expected a joint of layout {self.name!r}, got {joint!r}; "
                f"use one of {', '.join(self.joints)}"
            ) from None

    @property
    def sides(self) -> tuple[Side, ...]:
        """`left`, `right` or `centre` of each joint, from the prefix of its name."""
        return tuple(_side(joint) for joint in self.joints)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, ready for JSON; the inverse of `from_dict`."""
        plain = asdict(self)
        return {key: _plain(value) for key, value in plain.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Skeleton":
        """Build and validate a layout from what `to_dict` gave.

        Raises:
            InputError: Where a field is missing, of the wrong kind or inconsistent.
        """
        try:
            sigmas = data.get("sigmas")
            return cls(
                name=str(data["name"]),
                joints=tuple(str(joint) for joint in data["joints"]),
                parents=tuple(int(parent) for parent in data["parents"]),
                limbs=tuple((int(a), int(b)) for a, b in data["limbs"]),
                flip=tuple(int(other) for other in data["flip"]),
                root=tuple(int(joint) for joint in data["root"]),
                sigmas=None if sigmas is None else tuple(float(sigma) for sigma in sigmas),
            )
        except KeyError as error:
            raise InputError(
                f"Expected a layout with name, joints, parents, limbs, flip and root, got no {error}; add it"
            ) from None
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"Expected lists of names and whole numbers in a layout, got {error}; see Skeleton.to_dict"
            ) from None

    def _check_names(self) -> None:
        if not self.name:
            raise InputError("Expected a layout with a name, got an empty one; give it a short unique name")
        if not self.joints or any(not joint for joint in self.joints):
            raise InputError(
                f"Expected named joints in layout {self.name!r}, got {self.joints}; name each one"
            )
        twice = sorted({joint for joint in self.joints if self.joints.count(joint) > 1})
        if twice:
            raise InputError(
                f"Expected unique joint names in layout {self.name!r}, got {twice} twice; rename them"
            )

    def _check_indices(self) -> None:
        count = len(self.joints)
        for field in ("parents", "flip", "sigmas"):
            values = getattr(self, field)
            if values is not None and len(values) != count:
                raise InputError(
                    f"Expected {count} {field} in layout {self.name!r}, got {len(values)}; give one a joint"
                )
        ends = [end for limb in self.limbs for end in limb]
        for field, values, low in (
            ("parents", self.parents, -1),
            ("flip", self.flip, 0),
            ("limbs", ends, 0),
            ("root", self.root, 0),
        ):
            bad = [value for value in values if not low <= value < count]
            if bad:
                raise InputError(
                    f"Expected {field} of layout {self.name!r} in {low}..{count - 1}, got {bad}; "
                    "indices are 0-based"
                )
        if any(a == b for a, b in self.limbs):
            raise InputError(f"Expected limbs between two joints in {self.name!r}, got a loop; remove it")
        if not self.root or len(set(self.root)) != len(self.root):
            raise InputError(
                f"Expected distinct root joints in {self.name!r}, got {self.root}; name one or more"
            )
        if self.sigmas is not None and any(not sigma > 0 for sigma in self.sigmas):
            raise InputError(
                f"Expected sigmas > 0 in layout {self.name!r}, got {self.sigmas}; use None without them"
            )

    def _check_forest(self) -> None:
        for start, parent in enumerate(self.parents):
            steps = 0
            while parent >= 0:
                parent = self.parents[parent]
                steps += 1
                if steps > len(self.joints):
                    raise InputError(
                        f"Expected a forest of parents in layout {self.name!r}, got a cycle through "
                        f"{self.joints[start]!r}; make one joint of it a root (-1)"
                    )

    def _check_symmetry(self) -> None:
        flip = self.flip
        for joint, other in enumerate(flip):
            if flip[other] != joint:
                path = " -> ".join(repr(self.joints[at]) for at in (joint, other, flip[other]))
                raise InputError(
                    f"Expected flip of flip to be the identity in layout {self.name!r}, got {path}; "
                    "pair the joints"
                )
        for joint, parent in enumerate(self.parents):
            mirrored = -1 if parent < 0 else flip[parent]
            if self.parents[flip[joint]] != mirrored:
                raise InputError(
                    f"Expected parents of layout {self.name!r} to survive the flip, got another parent for "
                    f"the mirror image of {self.joints[joint]!r}; give both sides the same bones"
                )
        limbs = {frozenset(limb) for limb in self.limbs}
        if {frozenset((flip[a], flip[b])) for a, b in self.limbs} != limbs:
            raise InputError(
                f"Expected limbs of layout {self.name!r} to survive the flip, got one-sided limbs; "
                "add the other side"
            )
        if {flip[joint] for joint in self.root} != set(self.root):
            raise InputError(
                f"Expected root of layout {self.name!r} to survive the flip, got {self.root}; use both sides"
            )


def _side(joint: str) -> Side:
    if joint.startswith("left_"):
        return "left"
    if joint.startswith("right_"):
        return "right"
    return "centre"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
