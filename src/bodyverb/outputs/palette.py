"""Colours that colour-blind people can tell apart too: one a person, one a body side, one a verb.

Sides keep their colour on everybody (left blue, right orange: the pair that survives every common colour
blindness); people are told apart by their tag, torso and outline. RGB, 0 to 255.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache

from bodyverb.core import Skeleton

RGB = tuple[int, int, int]

LEFT: RGB = (86, 180, 233)
RIGHT: RGB = (255, 159, 28)

PEOPLE: tuple[RGB, ...] = (
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (84, 101, 214),
    (196, 62, 52),
    (226, 226, 230),
    (122, 78, 45),
    (102, 205, 190),
)

UNKNOWN: RGB = (150, 153, 160)

VERBS: tuple[RGB, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (126, 106, 209),
    (150, 170, 40),
    (170, 68, 101),
    (51, 160, 152),
    (158, 114, 70),
    (94, 129, 172),
    (214, 126, 126),
    (106, 153, 78),
    (181, 101, 200),
)


def person_colour(order: int) -> RGB:
    """Colour of the person at place `order` of a recording; repeats after eight."""
    return PEOPLE[order % len(PEOPLE)]


def verb_colour(verb: str, classes: tuple[str, ...]) -> RGB:
    """Colour of a verb by its place among `classes`; grey for `unknown` and names outside."""
    if verb not in classes or verb == "unknown":
        return UNKNOWN
    place = classes.index(verb)
    if place < len(VERBS):
        return VERBS[place]
    red, green, blue = colorsys.hls_to_rgb((place * 0.618034) % 1.0, 0.5, 0.55)
    return round(red * 255), round(green * 255), round(blue * 255)


def limb_sides(skeleton: Skeleton) -> tuple[str, ...]:
    """'left', 'right' or 'centre' for each of `skeleton.limbs`: a limb across the body is centre."""
    return tuple(_limb_side(skeleton.sides[a], skeleton.sides[b]) for a, b in skeleton.limbs)


def _limb_side(a: str, b: str) -> str:
    sides = {a, b} - {"centre"}
    return sides.pop() if len(sides) == 1 else "centre"


def text_on(colour: RGB) -> RGB:
    """Black or white, whichever reads better on `colour` (relative luminance)."""
    red, green, blue = ((c / 255) ** 2.2 for c in colour)
    return (16, 18, 22) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.24 else (255, 255, 255)


@lru_cache(maxsize=4096)
def mix(colour: RGB, other: RGB, share: float) -> RGB:
    """`colour` moved by `share` (0 to 1) towards `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def hex_of(colour: RGB) -> str:
    """`#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
