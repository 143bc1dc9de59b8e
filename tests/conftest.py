"""Fixtures for every test."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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


def _module(name: str) -> ModuleType:
    """A file of this folder as a module."""
    spec = importlib.util.spec_from_file_location(f"bodyverb_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module `tests/tiny.py`: tiny networks and clips."""
    return _module("tiny")


@pytest.fixture(scope="session")
def toy_lab() -> ModuleType:
    """The module `tests/toy_lab.py`: a tiny data set of verbs and a network trained on it."""
    pytest.importorskip("torch")
    return _module("toy_lab")


@pytest.fixture(scope="session")
def toy_runs(toy_lab: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Run folders by dimensions, 2 and 3 (hardly trained); each data set is `data.pkl` beside its run."""
    found = {}
    for dims in (2, 3):
        folder = tmp_path_factory.mktemp(f"toy{dims}")
        file = toy_lab.write(folder / "data.pkl", dims)
        found[dims] = toy_lab.train(file, folder / "run", dims, epochs=25 if dims == 2 else 2)
    return found


@pytest.fixture(autouse=True)
def no_models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's folder of networks is one that is not there, never the developer's."""
    monkeypatch.setenv("BODYVERB_MODELS", str(tmp_path_factory.getbasetemp() / "no-models"))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of networks to write into; it is not there yet."""
    monkeypatch.setenv("BODYVERB_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A web server on the loopback, see `tests/web.py`; downloads do not pause between attempts."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("bodyverb.infer.download.PAUSE_S", 0.001)
    with _module("web").serving() as server:
        yield server


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
