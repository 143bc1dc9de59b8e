"""Joint layouts: one file each, found by its constant `SKELETON`; and moving poses between them."""

from bodyverb.skeletons._convert import Conversion, convert, plan
from bodyverb.skeletons._layouts import get, load, names
from bodyverb.skeletons._rules import RULES, Rule

__all__ = ["RULES", "Conversion", "Rule", "convert", "get", "load", "names", "plan"]
