import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from bodyverb.core import InputError, Registry, registry


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    home = tmp_path / "toyroom"
    home.mkdir()
    (home / "__init__.py").write_text("")
    (home / "one.py").write_text("CARD: dict = {'n': 1}\n")
    (home / "helper.py").write_text("# CARD = 1\n    \nx = 'CARD = 2'\n")
    (home / "_two.py").write_text("CARD = 2\n")
    (home / "broken.py").write_text("CARD = 1\nraise RuntimeError('imported')\n")
    (home / "pack").mkdir()
    (home / "pack" / "__init__.py").write_text("CARD = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("toyroom", ("CARD",))
    for name in [name for name in sys.modules if name.split(".")[0] == "toyroom"]:
        del sys.modules[name]


def test_lists_what_has_the_constants_without_importing(room: Registry) -> None:
    assert room.names() == ("broken", "one", "pack")
    assert not [name for name in sys.modules if name.startswith("toyroom")]


def test_loads_by_name(room: Registry) -> None:
    assert room.load("one").CARD == {"n": 1}
    assert room.load("pack").CARD == 3


@pytest.mark.parametrize("name", ["helper", "_two", "nothing", "one.two", "../one", ""])
def test_other_names_are_refused(room: Registry, name: str) -> None:
    with pytest.raises(InputError, match="Expected a name in toyroom, got .*; use one of broken, one, pack"):
        room.load(name)


def test_other_packages_register_by_entry_point(room: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        [
            EntryPoint(name="foreign", value="toyroom._two", group="toyroom"),
            EntryPoint(name="one", value="toyroom._two", group="toyroom"),
            EntryPoint(name="poor", value="toyroom.helper", group="toyroom"),
        ]
    )
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))
    assert room.names() == ("broken", "foreign", "one", "pack", "poor")
    assert room.load("foreign").CARD == 2
    assert room.load("one").CARD == {"n": 1}, "a module of the room wins"
    with pytest.raises(InputError, match="got none for CARD; correct the entry point toyroom.helper"):
        room.load("poor")


def test_a_room_that_is_not_there_is_empty() -> None:
    assert Registry("bodyverb_no_such_room", ("CARD",)).names() == ()
