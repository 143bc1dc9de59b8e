"""Fixtures for every test."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data: $BODYVERB_DATA, else ../shared/data beside the checkout."""
    named = os.environ.get("BODYVERB_DATA")
    root = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not root.is_dir():
        pytest.skip(
            f"no real data: {'BODYVERB_DATA names' if named else 'BODYVERB_DATA is unset and there is'} "
            f"no folder {root}"
        )
    return root
