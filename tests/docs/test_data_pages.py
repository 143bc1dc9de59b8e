"""Every data set has a page with its card, and the page of pages names it."""

from pathlib import Path

import pytest

from bodyverb import datasets

PAGES = Path(__file__).parents[2] / "docs" / "data"


@pytest.mark.parametrize("name", datasets.names())
def test_a_page_with_its_card(name: str) -> None:
    path = PAGES / f"{name.replace('_', '-')}.md"
    text = path.read_text(encoding="utf-8")
    assert f"<!-- made: data {name} -->" in text and str(datasets.card(name)["citation"]) in text
    assert f"({path.name})" in (PAGES / "README.md").read_text(encoding="utf-8")
