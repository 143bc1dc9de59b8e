"""Examples with `>>>` in docstrings and pages give what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

import bodyverb

ROOT = Path(__file__).parents[2]
SRC = Path(bodyverb.__file__).parent
MODULES = [
    ".".join(["bodyverb", *path.relative_to(SRC).with_suffix("").parts]).removesuffix(".__init__")
    for path in sorted(SRC.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    if name.split(".")[1] in ("train", "models"):
        pytest.importorskip("torch", reason="needs the extra [train]")
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 0 and result.failed == 0
