"""Fixtures for every test."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

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


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module `tests/tiny.py`: tiny networks and clips."""
    spec = importlib.util.spec_from_file_location("bodyverb_tiny", Path(__file__).parent / "tiny.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def networks(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of the tiny networks by task: detect, pose, verbs."""
    written: dict[str, Path] = tiny.write_all(tmp_path_factory.mktemp("networks"))
    return written


@pytest.fixture
def tiny_weights(networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny networks in place of the bundled ones, in this process."""
    folder = networks["detect"].parent
    monkeypatch.setattr("bodyverb.infer.catalogue.WEIGHTS", folder)
    return folder
