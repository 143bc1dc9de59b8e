"""Summarise a .poses.h5 file and draw a contact sheet of its people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb show`."""

    file: Positional[Path]
    """A .poses.h5 file."""
    picture: Path | None = None
    """Where the contact sheet goes; beside the file, as <stem>.sheet.png, by default."""

    def run(self) -> int:
        """Print the summary and write the picture."""
        from rich.console import Console

        from bodyverb.formats import poses_h5
        from bodyverb.outputs.contact_sheet import write_contact_sheet
        from bodyverb.outputs.tables import recording_table, segments_table

        recording, timeline = poses_h5.read(self.file), poses_h5.read_timeline(self.file)
        console = Console(highlight=False)
        console.print(recording_table(recording, timeline))
        if timeline is not None and timeline.segments:
            console.print(segments_table(timeline.segments))
        picture = self.picture or self.file.with_name(
            self.file.name.removesuffix(poses_h5.SUFFIX) + ".sheet.png"
        )
        write_contact_sheet(picture, recording, timeline)
        console.print(f"contact sheet: {picture}", markup=False)
        return 0
