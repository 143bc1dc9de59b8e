"""Turn videos, pictures, cameras or streams into skeletons and verbs.

For each source DIR receives <stem>.poses.h5 (the skeletons), <stem>.verbs.csv and .verbs.json (who does
what, when), <stem>.mp4 (the overlay) and <stem>.html (the report).
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from bodyverb.core.errors import InputError, InterruptedRun

if TYPE_CHECKING:
    from bodyverb.pipeline import RunOptions, SourceResult


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb run`."""

    sources: Positional[tuple[str, ...]]
    """Video files, pictures, folders, zips or globs of pictures, camera:0, rtsp:// or http:// addresses."""
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
    """Pose network: a name (`bodyverb models`), an ONNX file with a card beside it, or a `.task` file."""
    detector: str = "finder"
    """Network that finds people, likewise."""
    verbs: str = "verbs-everyday"
    """Network that names verbs, likewise, or `none`."""
    smooth: Literal["auto", "none", "one-euro", "savgol", "butterworth"] = "auto"
    """Filter of the joints. auto: butterworth 6 Hz for files of 15 frames/s and more, else one-euro."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks run."""
    timeout: float = 10.0
    """A camera or stream that is silent for so long is connected anew, in s."""
    poses_as: Annotated[str, arg(metavar="csv,coco,openpose")] = ""
    """Write the poses in further formats too, separated by commas."""
    resume: bool = False
    """Go on with an unfinished run, and leave finished sources as they are."""
    json: bool = False
    """Print the result as JSON on standard output (see `document`)."""

    def run(self) -> int:
        """Do it.

        Returns:
            0, or 3 where some of several sources failed, or 2 where all did.
        """
        if not self.sources:
            raise InputError(
                "Expected at least one source, got none; name a video, a picture, a folder or camera:0"
            )
        from bodyverb.cli._progress import TerminalProgress
        from bodyverb.cli._show import show_result
        from bodyverb.formats.files import to_json
        from bodyverb.pipeline import exit_code, results

        progress = TerminalProgress(quiet=self.json)
        plain, worked = [], []
        try:
            for item in results(
                self.sources, self._options(), progress, progress.live if progress.shown else None
            ):
                worked.append(item.error is None)
                if item.error is not None:
                    print(f"bodyverb: {item.error}", file=sys.stderr)
                if self.json:
                    plain.append(document(item))
                elif item.error is None:
                    show_result(item)
        except KeyboardInterrupt:
            raise InterruptedRun(
                f"Expected to finish, got an interrupt; the same command with --resume goes on: {self.out}"
            ) from None
        if self.json:
            print(to_json({"version": 1, "exit_code": exit_code(worked), "sources": plain}))
        return exit_code(worked)

    def _options(self) -> RunOptions:
        from bodyverb.pipeline import RunOptions

        return RunOptions(
            out=self.out,
            each=self.each,
            video=not self.no_video,
            report=not self.no_report,
            video_size=self.video_size,
            start=self.start,
            end=self.end,
            every=self.every,
            max_people=self.max_people,
            pose=self.pose,
            detector=self.detector,
            verbs=self.verbs,
            smooth=None if self.smooth == "auto" else self.smooth,
            device=self.device,
            timeout=self.timeout,
            poses_as=tuple(word.strip() for word in self.poses_as.split(",") if word.strip()),
            resume=self.resume,
        )


def document(item: SourceResult) -> dict[str, Any]:
    """One source's entry of `--json`, which prints one line on standard output:

        {"version": 1, "exit_code": 0 | 2 | 3, "sources": [one entry a source, in the order of the work]}

    An entry has always these keys:

    - source, stem: as typed, and the name of its results;
    - error: why it failed, in a line; null where it worked;
    - image_size: [w, h] px; null where it failed;
    - frames: how many were used; start_s, end_s: times of the first and last, null without any;
    - people: a list of person_id, start_s, end_s, frames (rows with a pose);
    - segments: a list of person_id, verb, start_s, end_s, confidence, top5 ([verb, probability] pairs);
    - paths: kind -> path of what was written (poses, verbs_csv, verbs_json, video, report, picture, table,
    csv,
      coco, openpose);
    - warnings: lines about the source;
    - seconds: stage -> how long it took; also `total` and the number of `frames`.

    Numbers that are not finite are null. Later versions may add keys.
    """
    recording, timeline = item.recording, item.timeline
    times: Any = () if recording is None else recording.timestamps_s
    return {
        "source": item.source,
        "stem": item.stem,
        "error": item.error,
        "image_size": None if recording is None else recording.image_size,
        "frames": len(times),
        "start_s": float(times[0]) if len(times) else None,
        "end_s": float(times[-1]) if len(times) else None,
        "people": [] if recording is None else [_person(track) for track in recording.tracks],
        "segments": [] if timeline is None else [asdict(segment) for segment in timeline.segments],
        "paths": {kind: str(path) for kind, path in item.paths.items()},
        "warnings": list(item.warnings),
        "seconds": {stage: round(value, 3) for stage, value in item.seconds.items()},
    }


def _person(track: Any) -> dict[str, Any]:
    times = track.timestamps_s
    return {
        "person_id": track.person_ids[0],
        "start_s": float(times[0]),
        "end_s": float(times[-1]),
        "frames": int(track.present.any(-1).sum()),
    }
