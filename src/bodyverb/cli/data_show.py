"""Draw a clip of a data set as an animated GIF or an mp4: 2D as it is, 3D from the front and the side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data show`."""

    name: Positional[str]
    """A data set, see `bodyverb data list`."""
    id: Positional[str]
    """The clip."""
    root: Path
    """Folder or archive of its files, or a packed store."""
    out: Path | None = None
    """The .gif or .mp4 to write; ID.gif here by default."""
    options: Annotated[tuple[str, ...], arg(metavar="NAME=VALUE...")] = ()
    """How to open it, as NAME=VALUE: those of the data set, such as bodies=pyskl."""
    height: int = 400
    """Height of the drawing in px, about."""

    def run(self) -> int:
        """Draw, and say what it is."""
        from bodyverb import datasets
        from bodyverb.core import InputError
        from bodyverb.datasets._registry import parse_options
        from bodyverb.outputs.film import write_film

        if self.height < 64:
            raise InputError(f"Expected a height of at least 64 px, got {self.height}; correct --height")
        clip = datasets.open(self.name, self.root, **parse_options(self.name, self.options))[self.id]
        poses = clip.poses
        verb = (clip.label or "").replace("_", " ")
        out = self.out or Path(f"{self.id.replace('/', '-')}.gif")
        write_film(out, poses, " ".join(word for word in (self.id, verb) if word), height=self.height)
        facts = {"subject": clip.subject, "camera": clip.camera, "setup": clip.setup}
        told = [verb, *(f"{key} {value}" for key, value in facts.items() if value)]
        told += [f"{poses.persons} {'person' if poses.persons == 1 else 'persons'}", f"{poses.frames} frames"]
        told += [
            f"{len(poses.skeleton)} joints ({poses.skeleton.name})",
            f"{poses.space} {poses.unit} {poses.axes}",
        ]
        print(f"{self.id}: {', '.join(word for word in told if word)}")
        for part in clip.segments:
            print(f"  {part.start_s:7.2f} to {part.end_s:7.2f} s  {part.verb.replace('_', ' ')}")
        print(out)
        return 0
