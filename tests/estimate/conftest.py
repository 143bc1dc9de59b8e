"""Networks whose answers are known."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def graphs() -> ModuleType:
    """The module `tests/estimate/graphs.py`."""
    spec = importlib.util.spec_from_file_location("bodyverb_graphs", Path(__file__).parent / "graphs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
