"""Kill runs with SIGKILL at random moments, resume them, and compare with runs that nobody disturbed.

python bench/kill.py                     100 kills, writes docs/kill-test.md; half an hour
python bench/kill.py --kills 10 --dry    10 kills, writes nothing

Two kinds of moments, in turn: at a random share of the run's processor time since it made its output folder
(which says the same on a busy machine as on a quiet one); and a few random milliseconds after a random change
of that folder (a file appears, gets its name, goes away), because that is where work could be lost. Every
fourth resumed run is killed as well, then resumed again. Reads /proc: Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clips import CLIPS, golden_videos
from equal import differences
from kill_page import write_page

from bodyverb.core import BodyverbError
from bodyverb.formats import journal

# Checkpoints every 0.25 s instead of every 5 s, so that a run of seconds has several to go on from.
_CODE = """
import sys
from bodyverb.pipeline import first_pass
first_pass.CHECKPOINT_S = 0.25
from bodyverb.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
JITTER_S = 0.04
PAUSE_S = 0.001


@dataclass(frozen=True)
class Case:
    """One command line of `bodyverb run`: sources and options."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Moment:
    """When to kill: `wait_s` seconds after the `change`-th change of the output folder, or after `work_s`
    seconds of processor time since the first change."""

    work_s: float = 0.0
    change: int | None = None
    wait_s: float = 0.0

    def words(self) -> str:
        """For the log."""
        if self.change is None:
            return f"after {self.work_s:.2f} s of work"
        return f"{1000 * self.wait_s:.0f} ms after change {self.change} of the folder"


@dataclass
class Kill:
    """One kill and what became of the run.

    Attributes:
        case: name of the case.
        moment: when.
        phase: what the run was doing, judged by the files that were there.
        left: names of the files that were there.
        resumed: whether a run was hit that itself had been resumed.
        wrong: what differs from the unbroken run after the resume, a line each.
    """

    case: str
    moment: str
    phase: str
    left: list[str]
    resumed: bool = False
    wrong: list[str] = field(default_factory=list)

    def line(self, number: int) -> str:
        """For the log."""
        again = ", resumed run" if self.resumed else ""
        said = "equal" if not self.wrong else "NOT EQUAL: " + "; ".join(self.wrong)
        return f"{number:3d} {self.case}{again}: killed {self.moment}, {self.phase}; resumed: {said}"


def start(words: Sequence[str], out: Path) -> subprocess.Popen[str]:
    """A process of `bodyverb run` with frequent checkpoints."""
    typed = [sys.executable, "-c", _CODE, "run", *words, "--out", str(out)]
    return subprocess.Popen(typed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(words: Sequence[str], out: Path) -> str:
    """Run to the end; '' or what went wrong."""
    process = start(words, out)
    _, told = process.communicate()
    return "" if process.returncode == 0 else f"exit code {process.returncode}: {told.strip()[-300:]}"


def snapshot(out: Path) -> frozenset[str]:
    """Names of all files and folders below the output folder."""
    names = set()
    for folder, below, files in os.walk(out):
        inside = Path(folder).relative_to(out)
        names |= {str(inside / name) for name in (*below, *files)}
    return frozenset(names)


def processor_time(pid: int) -> float:
    """Processor time that a process has taken, all its threads, in s; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watched(process: subprocess.Popen[str], out: Path, moment: Moment | None) -> tuple[int, float]:
    """Watch a process until a moment has come or it has ended.

    Returns:
        (changes, work): how often its output folder changed, and processor time since the first change, s.
    """
    seen, changes, before, work = snapshot(out), 0, 0.0, 0.0
    while process.poll() is None:
        now = snapshot(out)
        if now != seen:
            seen, changes = now, changes + 1
            before = before or processor_time(process.pid)
        work = max(work, processor_time(process.pid) - before) if changes else 0.0
        if moment is not None and moment.change is None and changes and work >= moment.work_s:
            break
        if moment is not None and moment.change is not None and changes >= moment.change:
            time.sleep(moment.wait_s)
            break
        time.sleep(PAUSE_S)
    return changes, work


def kill_at(process: subprocess.Popen[str], out: Path, moment: Moment) -> bool:
    """Kill a process at a moment; False where it ended before."""
    watched(process, out, moment)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def phase_of(out: Path) -> tuple[str, list[str]]:
    """What a run was doing when it stopped, by the files it left; and their names."""
    names = sorted(snapshot(out))
    folders = [out / name for name in names if name.endswith(".partial")]
    if not folders:
        return ("between sources or at the end" if any("poses.h5" in n for n in names) else "starting"), names
    folder = folders[0]
    stem = folder.name.removesuffix(".partial")
    mine = [name for name in names if name.startswith((f"{stem}.", f".{stem}."))]
    try:
        kept = journal.read(folder / "journal")
    except BodyverbError:
        done = f"{stem}.poses.h5" in mine  # the last of a run's changes takes its folder away
        return ("tidying up" if done else "first pass, no frame kept"), names
    if not kept.complete:
        return f"first pass, {len(kept)} frames kept", names
    if f"{stem}.html" in mine:
        return "tidying up", names
    for part, doing in ((f".{stem}.html", "report"), (f".{stem}.mp4", "overlay"), (f"{stem}.mp4", "report")):
        if any(name.startswith(part) for name in mine):
            return doing, names
    if f"{stem}.verbs.json" in mine:
        return "between the results", names
    return ("verb tables" if f"{stem}.poses.h5" in mine else "smoothing, verbs, poses file"), names


def trial(
    case: Case,
    expected: Path,
    out: Path,
    moments: Sequence[Moment],
    resume: Callable[[Sequence[str], Path], str] = finish,
) -> list[Kill]:
    """Kill a run at the first moment, its resumed run at the second and so on; resume, compare.

    Returns:
        The kills; none where the run ended before the first moment.
    """
    kills: list[Kill] = []
    for moment in moments:
        words = [*case.words, "--resume"] if kills else case.words
        if not kill_at(start(words, out), out, moment):
            break
        phase, left = phase_of(out)
        kills.append(Kill(case.name, moment.words(), phase, left, resumed=bool(kills)))
    if kills:
        told = resume([*case.words, "--resume"], out)
        kills[-1].wrong = [told] if told else differences(expected, out)
        for before in kills[:-1]:
            before.wrong = kills[-1].wrong
    return kills


def cases(folder: Path) -> list[Case]:
    """The runs that are killed: two rendered people and a real clip, with and without overlay; pictures."""
    rendered, pictures = _rendered(), _pictures(folder)
    plain = ("--no-video", "--no-report")
    found = [
        Case("two rendered people, with overlay", (str(rendered),)),
        Case("two rendered people, without", (str(rendered), *plain)),
        Case("20 pictures and a clip, with overlay", (str(pictures), str(rendered), "--every", "2")),
    ]
    if golden_videos() is not None:
        real = _shortened()
        found += [
            Case("pose_squats.mp4, 6 s, with overlay", (str(real),)),
            Case("pose_squats.mp4, 6 s, without", (str(real), *plain)),
        ]
    return found


def _rendered() -> Path:
    from bodyverb.datasets.synth.demo import render_demo
    from bodyverb.media import VideoWriter

    path = CLIPS / "kill-two-people-3s.mp4"
    if not path.is_file():
        CLIPS.mkdir(parents=True, exist_ok=True)
        with VideoWriter(path, (426, 240), 25.0) as writer:
            render_demo(writer.write, size=(426, 240), rate_hz=25.0, duration_s=3.0)
    return path


def _shortened() -> Path:
    from bodyverb.media import VideoWriter, open_source

    path = CLIPS / "kill-squats-6s.mp4"
    source = golden_videos()
    if not path.is_file() and source is not None:
        CLIPS.mkdir(parents=True, exist_ok=True)
        with (
            open_source(source / "pose_squats.mp4", end_s=6.0) as media,
            VideoWriter(path, media.info.image_size, media.info.rate_hz) as writer,
        ):
            for frame in media:
                writer.write(frame.image, frame.time_s)
    return path


def _pictures(folder: Path) -> Path:
    from bodyverb.media import open_source, write_image

    place = folder / "shots"
    place.mkdir()
    with open_source(_rendered(), end_s=0.79) as media:
        for frame in media:
            write_image(place / f"{frame.index:03d}.jpg", frame.image)
    return place


def measure(case: Case, out: Path) -> tuple[int, float]:
    """Run a case undisturbed; how often its output folder changed, and how long it worked, s.

    Raises:
        RuntimeError: it did not end with 0.
    """
    process = start(case.words, out)
    found = watched(process, out, None)
    told = process.communicate()[1]
    if process.returncode:
        raise RuntimeError(f"{case.name}: exit code {process.returncode}: {told}")
    return found


def main() -> int:
    """Kill, resume, compare, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dry", action="store_true", help="write no page")
    given = parser.parse_args()
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        known = [(case, folder / f"whole{k}") for k, case in enumerate(cases(folder))]
        lengths = [measure(case, whole) for case, whole in known]
        for (case, _), (changes, work) in zip(known, lengths, strict=True):
            print(f"unbroken: {case.name}: {work:.1f} s of work, {changes} changes of the folder", flush=True)
        chance, number = random.Random(given.seed), 0
        while len(kills) < given.kills:
            number += 1
            (case, whole), (changes, work) = known[number % len(known)], lengths[number % len(known)]
            moments = [_moment(chance, number // len(known), changes, work)]
            if chance.random() < 0.25:
                moments.append(_moment(chance, chance.randrange(2), changes, work * 0.5))
            out = folder / "out"
            for kill in trial(case, whole, out, moments):
                kills.append(kill)
                print(kill.line(len(kills)), flush=True)
            shutil.rmtree(out, ignore_errors=True)
    wrong = [kill for kill in kills if kill.wrong]
    print(f"{len(kills)} kills, {len(wrong)} not equal")
    if not given.dry:
        write_page(kills)
    return 1 if wrong else 0


def _moment(chance: random.Random, turn: int, changes: int, work: float) -> Moment:
    if turn % 2:
        return Moment(change=chance.randint(1, changes), wait_s=chance.uniform(0, JITTER_S))
    return Moment(work_s=chance.uniform(0, work))


if __name__ == "__main__":
    raise SystemExit(main())
