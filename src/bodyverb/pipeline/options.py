"""What a run is asked to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bodyverb.core import InputError, Recording, Timeline
from bodyverb.estimate.smooth import METHODS
from bodyverb.formats import export_names
from bodyverb.media.source import TIMEOUT_S, Selection

Smoothing = Literal["none", "one-euro", "savgol", "butterworth"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Settings of one run; the command line's options have the same names.

    Attributes:
        out: folder of the results; made where it is missing.
        each: pictures of a folder are independent, not a sequence.
        video: write the overlay video.
        report: write the HTML report.
        video_size: longest side of the overlay video in px.
        start: first time of the source in s, or None.
        end: time in s at which to stop, or None.
        every: use every n-th frame.
        max_people: follow at most so many people at once, or None.
        pose: pose network, by name or path; also a `.task` file of MediaPipe.
        detector: person detector, by bundled name or path.
        verbs: verb network by bundled name or path, or `none`.
        smooth: filter of the joint positions; None chooses by frame rate.
        device: auto, cpu or cuda.
        poses_as: further pose formats (csv, coco, openpose).
        resume: go on with an unfinished run, and skip sources that are done.
        threads: CPU threads of a network; None takes all cores, at most 4.
        timeout: how long a camera or stream may be silent before it is connected anew, in s.
    """

    out: Path = Path("bodyverb-out")
    each: bool = False
    video: bool = True
    report: bool = True
    video_size: int = 1280
    start: float | None = None
    end: float | None = None
    every: int = 1
    max_people: int | None = None
    pose: str = "pose-lite"
    detector: str = "finder"
    verbs: str = "verbs-everyday"
    smooth: Smoothing | None = None
    device: str = "auto"
    poses_as: tuple[str, ...] = ()
    resume: bool = False
    threads: int | None = None
    timeout: float = TIMEOUT_S

    def __post_init__(self) -> None:
        """Bring paths and lists into their types, and refuse settings that no run can follow.

        Raises:
            InputError: naming the option.
        """
        object.__setattr__(self, "out", Path(self.out))
        object.__setattr__(self, "poses_as", tuple(self.poses_as))
        if self.video_size < 16:
            raise InputError(
                f"Expected a video size of 16 px or more, got {self.video_size}; use --video-size 1280"
            )
        if self.max_people is not None and self.max_people < 1:
            raise InputError(
                f"Expected at least 1 person, got {self.max_people}; leave --max-people out for no limit"
            )
        if not 0 < self.timeout < float("inf"):
            raise InputError(f"Expected a timeout above 0 s, got {self.timeout:g}; use --timeout 10")
        Selection(start_s=self.start, end_s=self.end, every=self.every)
        if self.smooth is not None and self.smooth not in METHODS:
            raise InputError(
                f"Expected a filter of {', '.join(METHODS)}, got {self.smooth!r}; correct --smooth"
            )
        wrong = sorted(set(self.poses_as) - set(export_names())) if self.poses_as else []
        if wrong:
            raise InputError(
                f"Expected pose formats of {', '.join(export_names())}, got {', '.join(wrong)}; "
                "correct --poses-as"
            )

    def first_pass(self) -> dict[str, Any]:
        """The settings that a resumed first pass must share."""
        return {key: getattr(self, key) for key in ("start", "end", "every", "max_people")}


@dataclass(frozen=True, kw_only=True)
class SourceResult:
    """What became of one source.

    Attributes:
        source: as typed.
        stem: name of its results.
        recording: tracks (smoothed) and segments; None where it failed.
        timeline: verbs with their windows; None where it failed or `verbs` was none.
        paths: what was written, by kind: poses, verbs_csv, verbs_json, video, report, picture, csv, coco,
        openpose.
        warnings: one line each.
        error: why it failed, or None.
        failure: the error itself, or None.
        seconds: how long it took, by stage, and frames.
    """

    source: str
    stem: str
    recording: Recording | None = None
    timeline: Timeline | None = None
    paths: Mapping[str, Path] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str | None = None
    failure: InputError | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """How many frames were used."""
        return 0 if self.recording is None else len(self.recording.timestamps_s)

    def replace(self, **changes: Any) -> SourceResult:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """All sources of a run, in order."""

    items: tuple[SourceResult, ...]

    @property
    def recordings(self) -> list[Recording]:
        """Recordings of the sources that worked."""
        return [item.recording for item in self.items if item.recording is not None]

    @property
    def timelines(self) -> list[Timeline]:
        """Verbs of the sources that worked."""
        return [item.timeline for item in self.items if item.timeline is not None]

    @property
    def paths(self) -> list[Path]:
        """Every file that was written."""
        return list(dict.fromkeys(path for item in self.items for path in item.paths.values()))

    @property
    def exit_code(self) -> int:
        """0 all worked, 2 none worked, 3 some failed."""
        return exit_code([item.error is None for item in self.items])


def exit_code(worked: Sequence[bool]) -> int:
    """0 where all sources worked, 2 where none did, 3 where some did."""
    return 0 if all(worked) else 3 if any(worked) else 2
