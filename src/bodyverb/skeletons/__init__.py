"""Joint layouts: one file each, found by its constant `SKELETON`; and moving poses between them."""

from bodyverb.skeletons._convert import RULES, Conversion, Rule, convert, plan
from bodyverb.skeletons._layouts import get, load, names

__all__ = ["RULES", "Conversion", "Rule", "convert", "get", "load", "names", "plan"]
