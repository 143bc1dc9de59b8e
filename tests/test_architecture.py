"""Rooms import only what they may; importing is cheap; the public names are pinned."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bodyverb

SRC = Path(bodyverb.__file__).parent
# The table of the design. What a room may import, it may also import from below that.
ROOMS: dict[str, set[str]] = {
    "core": set(),
    "skeletons": {"core"},
    "media": {"core"},
    "geometry": {"core"},
    "formats": {"geometry", "skeletons", "core"},
    "metrics": {"core"},
    "datasets": {"formats", "skeletons", "core"},
    "infer": {"core"},
    "estimate": {"infer", "media", "geometry", "skeletons", "core"},
    "lift": {"infer", "geometry", "core"},
    "recognize": {"infer", "skeletons", "core"},
    "models": {"skeletons", "core"},
    # infer, recognize: training shares the window code and measures what runs (docs/decisions/0004).
    "train": {"datasets", "models", "metrics", "outputs", "recognize", "infer", "geometry", "skeletons"},
    "outputs": {"media", "metrics", "skeletons", "core"},
    # formats: the run writes the native file and the tables.
    "pipeline": {"estimate", "lift", "recognize", "outputs", "media", "formats"},
}
TOP = {"cli", "web"}
ONLY_IN = {
    "onnxruntime": {"infer"},
    "pooch": {"infer"},
    "requests": {"infer"},
    "torch": {"models", "train"},
    "lightning_fabric": {"train"},
}


def _below(room: str) -> set[str]:
    """The room, what it may import, and so on down."""
    return {room}.union(*(_below(other) for other in ROOMS[room]))


def _files() -> list[Path]:
    return sorted(path for path in SRC.rglob("*.py") if path.parent != SRC or path.name != "__init__.py")


def _room(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    """Dotted names a file imports anywhere, also inside functions; relative ones made absolute."""
    package = ["bodyverb", *path.relative_to(SRC).parent.parts]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found.add(stem)
            found |= {f"{stem}.{alias.name}" for alias in node.names} if stem == "bodyverb" else set()
    return found


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.relative_to(SRC).as_posix())
def test_imports_point_downwards(path: Path) -> None:
    room = _room(path)
    if room in TOP:
        allowed = {*ROOMS, *TOP}
    else:
        assert room in ROOMS, f"{room} is no room of the design; give it a row"
        allowed = _below(room)
    names = _imports(path)
    used = {name.split(".")[1] for name in names if name.startswith("bodyverb.")} - {"__version__"}
    assert used <= allowed, f"{path.name} of {room} imports {sorted(used - allowed)}"
    for library, homes in ONLY_IN.items():
        if any(name.split(".")[0] == library for name in names):
            assert room in homes, f"{library} belongs to {sorted(homes)}"


def _loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_of_the_package_loads_no_library() -> None:
    assert not _loaded("import bodyverb") & {
        "numpy",
        "scipy",
        "torch",
        "onnxruntime",
        "cv2",
        "av",
        "h5py",
        "rich",
    }


def test_errors_need_no_numpy() -> None:
    assert "numpy" not in _loaded("import bodyverb.core.errors")


@pytest.mark.skipif(not (SRC / "cli" / "main.py").exists(), reason="the command line is not there yet")
def test_import_of_the_command_line_loads_no_heavy_library() -> None:
    assert not _loaded("import bodyverb.cli.main") & {"torch", "onnxruntime", "cv2", "av", "h5py", "scipy"}


def test_listing_layouts_imports_none_of_them() -> None:
    _loaded(
        "from bodyverb.skeletons import names; names(); assert 'bodyverb.skeletons.coco17' not in sys.modules"
    )


def test_public_names_are_pinned() -> None:
    pinned = json.loads((Path(__file__).parent / "public_api.json").read_text())
    found = {name: sorted(importlib.import_module(name).__all__) for name in pinned}
    assert found == pinned


def test_public_names_can_be_had() -> None:
    core = importlib.import_module("bodyverb.core")
    for name in core.__all__:
        assert getattr(core, name) is not None
    for name in bodyverb.__all__:
        if name != "run" or (SRC / "pipeline.py").exists():
            assert getattr(bodyverb, name) is not None
    assert dir(bodyverb) == sorted(bodyverb.__all__)


@pytest.mark.parametrize("module", ["bodyverb", "bodyverb.core"])
def test_unknown_names_are_attribute_errors(module: str) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = importlib.import_module(module).nonsense


def test_a_module_docstring_in_every_file() -> None:
    bare = [
        path.name for path in _files() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert bare == []
