"""Draw a clip of a data set as an animated GIF or an mp4: 2D as it is, 3D from the front and the side.

Of a data set of pictures it draws the people over the picture, as a JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from bodyverb.datasets._samples import SampleTable


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb data show`."""

    name: Positional[str]
    """A data set, see `bodyverb data list`."""
    id: Positional[str]
    """The clip, or the picture."""
    root: Path
    """Folder or archive of its files, or a packed store."""
    out: Path | None = None
    """The .gif or .mp4 to write, of a picture the .jpg or .png; ID.gif or ID.jpg here by default."""
    options: Annotated[tuple[str, ...], arg(metavar="NAME=VALUE...")] = ()
    """How to open it, as NAME=VALUE: those of the data set, such as bodies=pyskl."""
    height: int = 400
    """Height of the drawing of a clip in px, about."""

    def run(self) -> int:
        """Draw, and say what it is."""
        from bodyverb.core import InputError
        from bodyverb.datasets._registry import open_any, parse_options
        from bodyverb.datasets._samples import SampleTable
        from bodyverb.outputs.film import write_film

        if self.height < 64:
            raise InputError(f"Expected a height of at least 64 px, got {self.height}; correct --height")
        table = open_any(self.name, self.root, **parse_options(self.name, self.options))
        if isinstance(table, SampleTable):
            return self._picture(table)
        clip = table[self.id]
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

    def _picture(self, table: SampleTable) -> int:
        """Draw the people of one picture over it."""
        import cv2
        import numpy as np

        from bodyverb.core import InputError
        from bodyverb.formats import recording_of
        from bodyverb.media import write_image
        from bodyverb.outputs.overlay import OverlayDrawer

        sample = table[self.id]
        try:
            image = cv2.imdecode(np.frombuffer(table.picture(self.id), np.uint8), cv2.IMREAD_COLOR)
        except OSError as error:
            raise InputError(
                f"Expected the picture, got '{error.strerror}'; check it: {sample.image}"
            ) from None
        if image is None:
            raise InputError(f"Expected a picture, got bytes that are none; replace it: {sample.image}")
        image = np.ascontiguousarray(image[..., ::-1])
        if sample.poses is not None:
            image = OverlayDrawer(recording_of(sample.poses)).draw(image, 0.0)
        out = self.out or Path(f"{self.id.replace('/', '-').removesuffix('.jpg')}.jpg")
        write_image(out, image)
        people = "nobody" if not len(sample.boxes) else f"{len(sample.boxes)} boxes"
        joints = 0 if sample.poses is None else int(sample.poses.present.sum())
        print(f"{self.id}: {people}, {joints} joints, {image.shape[1]} x {image.shape[0]} px")
        print(out)
        return 0
