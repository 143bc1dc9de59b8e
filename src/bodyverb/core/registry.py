"""Finding what a room offers: by its place in the folder, or by an entry point of another package.

Adding a layout, a format, a data set, an augmentation or a network means adding one file; there is no list
to edit. A module counts when its source assigns the constants its room asks for, which is read without
importing it.
"""

import importlib
import importlib.util
import pkgutil
import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from bodyverb.core.errors import InputError


@dataclass(frozen=True)
class Registry:
    """The modules of one room.

    Attributes:
        room: Dotted name of the package, e.g. `bodyverb.skeletons`; also the entry-point group.
        constants: Names that a module of the room must assign at its top level.
    """

    room: str
    constants: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """Sorted names of what the room offers; nothing is imported."""
        return tuple(sorted({*self._own(), *self._foreign()}))

    def load(self, name: str) -> ModuleType:
        """Import one module of the room.

        Args:
            name: One of `names()`. A module of the room wins over an entry point of the same name.

        Raises:
            InputError: Where there is no such module, or another package's lacks a constant.
        """
        if self._offers(name):
            return importlib.import_module(f"{self.room}.{name}")
        foreign = self._foreign()
        kind = self.room.rpartition(".")[2]
        if name not in foreign:
            raise InputError(f"Expected a name in {kind}, got {name!r}; use one of {', '.join(self.names())}")
        module = foreign[name].load()
        missing = [constant for constant in self.constants if not hasattr(module, constant)]
        if missing:
            raise InputError(
                f"Expected {', '.join(self.constants)} in {kind} {name!r}, got none for "
                f"{', '.join(missing)}; correct the entry point {foreign[name].value}"
            )
        return module

    def _own(self) -> tuple[str, ...]:
        found = pkgutil.iter_modules([str(place) for place in self._places()])
        return tuple(module.name for module in found if self._offers(module.name))

    def _places(self) -> list[Path]:
        spec = importlib.util.find_spec(self.room)
        return [] if spec is None else [Path(place) for place in spec.submodule_search_locations or []]

    def _offers(self, name: str) -> bool:
        if not name.isidentifier() or name.startswith("_"):
            return False
        for place in self._places():
            for path in (place / f"{name}.py", place / name / "__init__.py"):
                if path.is_file():
                    source = path.read_text(encoding="utf-8")
                    return all(
                        re.search(rf"^{word}\b\s*[:=]", source, re.MULTILINE) for word in self.constants
                    )
        return False

    def _foreign(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.room)}
