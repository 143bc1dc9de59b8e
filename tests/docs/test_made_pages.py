"""Pages written from sources, cards and measurements say what those say now."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_are_current(reference: ModuleType) -> None:
    old = [path.relative_to(ROOT).as_posix() for path in reference.stale()]
    assert not old, "out of date; run `python docs/make_reference.py` and commit what it writes"


def test_every_option_has_a_meaning(reference: ModuleType) -> None:
    for name in reference.commands():
        for option, kind, _, meaning in reference._fields(reference.CLI / f"{name}.py"):
            assert meaning, f"{name}: {option} has no docstring"
            typed = reference._option(option, kind)
            assert "[" not in typed and ("--" in typed or typed.strip("`.").isupper()), typed


def test_options_are_shown_as_they_are_typed(reference: ModuleType) -> None:
    page = reference.cli_page()
    for shown in (
        "`SOURCE...`",
        "`--smooth auto\\|none\\|",
        "`--start X`",
        "`--each` |  |",
        "`FILE` | required",
    ):
        assert shown in page
    assert "| `1280` |" in page


def test_blocks_are_filled(reference: ModuleType) -> None:
    text = "before\n<!-- made: card no-such-network -->\nold\n<!-- end -->\nafter\n"
    assert reference.filled(text) == text.replace("old", "This network is not bundled in this checkout.")
    assert reference.filled(reference.filled(text)) == reference.filled(text)
