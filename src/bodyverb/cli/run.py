"""Turn videos, pictures, cameras or streams into skeletons and verbs.

For each source DIR receives <stem>.poses.h5 (the skeletons), <stem>.verbs.csv and .verbs.json (who does what, when),
<stem>.mp4 (the overlay) and <stem>.html (the report).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from bodyverb.core.errors import InputError, InterruptedRun


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb run`."""

    sources: Positional[tuple[str, ...]]
    """Video files, pictures, folders or globs of pictures, camera:0, rtsp:// or http:// addresses."""
    out: Path = Path("bodyverb-out")
    """Folder of the results."""
    each: bool = False
    """Pictures are independent: annotate each, and write one table (pictures.csv) of all."""
    no_video: bool = False
    """Do not write the overlay video."""
    no_report: bool = False
    """Do not write the HTML report."""
    video_size: int = 1280
    """Longest side of the overlay video in px."""
    start: float | None = None
    """Begin at this time of the source, in s."""
    end: float | None = None
    """Stop at this time of the source, in s."""
    every: int = 1
    """Use every N-th frame only."""
    max_people: int | None = None
    """Follow at most so many people at once."""
    pose: str = "pose-lite"
    """Pose network: a bundled name (`bodyverb models`) or the path of an ONNX file with a card beside it."""
    detector: str = "finder"
    """Network that finds people, likewise."""
    verbs: str = "verbs-penn15"
    """Network that names verbs, likewise, or `none`."""
    smooth: Literal["auto", "none", "one-euro", "savgol", "butterworth"] = "auto"
    """Filter of the joints. auto: butterworth 6 Hz for files of 15 frames/s and more, else one-euro."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks run."""
    poses_as: Annotated[str, arg(metavar="csv,coco,openpose")] = ""
    """Write the poses in further formats too, separated by commas."""
    resume: bool = False
    """Go on with an unfinished run, and leave finished sources as they are."""
    json: bool = False
    """Print the result as JSON on standard output."""

    def run(self) -> int:
        """Do it; the exit code is 0, or 3 where some of several sources failed, or 2 where all did."""
        if not self.sources:
            raise InputError("Expected at least one source, got none; name a video, a picture, a folder or camera:0")
        from bodyverb.cli._progress import TerminalProgress
        from bodyverb.cli._show import show_result
        from bodyverb.pipeline import RunOptions, run

        options = RunOptions(
            out=self.out, each=self.each, video=not self.no_video, report=not self.no_report,
            video_size=self.video_size, start=self.start, end=self.end, every=self.every, max_people=self.max_people,
            pose=self.pose, detector=self.detector, verbs=self.verbs, smooth=None if self.smooth == "auto" else self.smooth, device=self.device,
            poses_as=tuple(word.strip() for word in self.poses_as.split(",") if word.strip()), resume=self.resume,
        )
        progress = TerminalProgress(quiet=self.json)
        try:
            result = run(self.sources, options=options, progress=progress)
        except KeyboardInterrupt:
            raise InterruptedRun(
                f"Expected to finish, got an interrupt; the same command with --resume goes on: {self.out}"
            ) from None
        if self.json:
            print(json.dumps([_plain(item) for item in result.items]))
        else:
            for item in result.items:
                show_result(item)
        return result.exit_code


def _plain(item) -> dict:  # type: ignore[no-untyped-def]
    """A source's result for JSON."""
    timeline = item.timeline
    return {
        "source": item.source,
        "error": item.error,
        "people": [] if item.recording is None else list(item.recording.person_ids),
        "frames": 0 if item.recording is None else len(item.recording.timestamps_s),
        "segments": [] if timeline is None else [asdict(segment) for segment in timeline.segments],
        "paths": {kind: str(path) for kind, path in item.paths.items()},
        "warnings": list(item.warnings),
        "seconds": {stage: round(value, 3) for stage, value in item.seconds.items()},
    }
