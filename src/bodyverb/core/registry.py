"""Finding what a room offers: by its place in the folder, or by an entry point of another package.

Adding a layout, a format, a data set, an augmentation or a network means adding one file; there is no list to
edit. A module counts when its source assigns the constants its room asks for, which is read without importing.
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
        if name in self._own():
            return importlib.import_module(f"{self.room}.{name}")
        foreign = self._foreign()
        kind = self.room.rpartition(".")[2]
        if name not in foreign:
            raise InputError(f"Expected a name in {kind}, got {name!r}; use one of {', '.join(self.names())}")
        module = foreign[name].load()
        missing = [constant for constant in self.constants if not hasattr(module, constant)]
        if missing:
            raise InputError(
                f"Expected {', '.join(self.constants)} in {kind} {name!r}, got none for {', '.join(missing)}; "
                f"correct the entry point {foreign[name].value}"
            )
        return module

    def _own(self) -> tuple[str, ...]:
        spec = importlib.util.find_spec(self.room)
        places = [] if spec is None else list(spec.submodule_search_locations or [])
        return tuple(
            found.name
            for found in pkgutil.iter_modules(places)
            if not found.name.startswith("_") and self._assigns(places, found)
        )

    def _assigns(self, places: list[str], found: pkgutil.ModuleInfo) -> bool:
        for place in places:
            inside = f"{found.name}/__init__.py" if found.ispkg else f"{found.name}.py"
            path = Path(place) / inside
            if path.is_file():
                source = path.read_text(encoding="utf-8")
                return all(re.search(rf"^{name}\b\s*[:=]", source, re.MULTILINE) for name in self.constants)
        return False

    def _foreign(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.room)}
