"""Render a clip with the project's own procedural people, run the main job on it, name the report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb demo`."""

    out: Path = Path("bodyverb-demo")
    """Folder of the clip and the results."""
    seconds: float = 20.0
    """Length of the clip in s."""
    seed: int = 7
    """Another seed gives other people in another room."""

    def run(self) -> int:
        """Render, run, compare with what was rendered."""
        from bodyverb.cli._progress import TerminalProgress
        from bodyverb.cli._show import show_result
        from bodyverb.core.errors import InputError
        from bodyverb.pipeline import RunOptions, run
        from bodyverb.pipeline.engine import Engine

        if not self.seconds >= 2:
            raise InputError(f"Expected a clip of at least 2 s, got {self.seconds:g}; use --seconds 20")
        options = RunOptions(out=self.out)
        Engine.load(options)  # a missing network is said before the minute of rendering
        clip = self.out / "rendered" / "demo.mp4"
        print(f"rendering {self.seconds:g} s of two people exercising: {clip}", file=sys.stderr)
        progress = TerminalProgress()
        with progress.source(str(clip)):
            truth = _render(clip, self.seconds, self.seed, progress)
        result = run(clip, options=options, progress=progress)
        item = result.items[0]
        show_result(item)
        for segment in truth.segments:
            print(
                f"rendered: person {segment.person_id}: {segment.verb}, "
                f"{segment.start_s:.1f} to {segment.end_s:.1f} s"
            )
        print(f"\nOpen the report in a browser: {item.paths['report'].resolve()}")
        return 0


def _render(clip: Path, seconds: float, seed: int, progress):  # type: ignore[no-untyped-def]
    from bodyverb.core.errors import OutputError
    from bodyverb.datasets.synth.demo import render_demo
    from bodyverb.media import VideoWriter

    size, rate = (854, 480), 25.0
    try:
        clip.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Expected a folder to write to, got '{error.strerror}'; choose another --out: {clip.parent}"
        ) from error
    done = 0
    with VideoWriter(clip, size, rate) as writer:

        def write(image, time_s):  # type: ignore[no-untyped-def]
            nonlocal done
            writer.write(image, time_s)
            done += 1
            progress.advance("render", done, round(seconds * rate))

        return render_demo(write, size=size, rate_hz=rate, duration_s=seconds, seed=seed)
