"""A seeded sample of the kill test (bench/kill.py): SIGKILL, --resume, equal to an unbroken run."""

import importlib
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from bodyverb.cli.main import main

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

BENCH = Path(__file__).parents[2] / "bench"
NAMES = ("kill", "kill_page", "equal", "clips", "machine")


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module bench/kill.py."""
    monkeypatch.syspath_prepend(str(BENCH))
    for name in NAMES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("kill")
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def words(tiny: ModuleType, networks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Sources and options of a run with overlay and the tiny networks."""
    clip = tiny.write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=3, people=2)
    nets = (("--detector", "detect"), ("--pose", "pose"), ("--verbs", "verbs"))
    return [
        str(clip),
        *(word for option, task in nets for word in (option, str(networks[task] / "model.onnx"))),
    ]


def here(words: Sequence[str], out: Path) -> str:
    """A run in this process, which saves the start of one."""
    code = main(["run", *words, "--out", str(out)])
    return "" if code == 0 else f"exit code {code}"


def test_killed_anywhere_and_resumed(kill: ModuleType, words: list[str], tmp_path: Path) -> None:
    assert here(words, tmp_path / "whole") == ""
    chance = random.Random(3)
    moments = [
        [kill.Moment(change=2, wait_s=chance.uniform(0, 0.1)), kill.Moment(work_s=0.05)],
        [kill.Moment(change=chance.randint(4, 8))],
    ]
    for number, some in enumerate(moments):
        case = kill.Case("tiny", tuple(words))
        kills = kill.trial(case, tmp_path / "whole", tmp_path / f"out{number}", some, resume=here)
        assert len(kills) == len(some), "the run ended before it was killed"
        assert [one.wrong for one in kills] == [[]] * len(some), [one.line(0) for one in kills]


def test_differences_are_seen(kill: ModuleType, words: list[str], tmp_path: Path, tiny: ModuleType) -> None:
    assert here(words, tmp_path / "a") == "" and here([*words, "--end", "2.5"], tmp_path / "b") == ""
    found = " ".join(kill.differences(tmp_path / "a", tmp_path / "b"))
    for what in ("raw time stamps", "raw poses", "smoothed poses", "frames differ", "bytes differ"):
        assert what in found
    (tmp_path / "b" / "clip.mp4").unlink()
    assert "missing ['clip.mp4']" in kill.differences(tmp_path / "a", tmp_path / "b")[0]
    made = [kill.Kill("tiny", "now", "overlay", []), kill.Kill("tiny", "now", "report", [], wrong=["all"])]
    assert made[0].line(1).endswith("equal") and made[1].line(2).endswith("NOT EQUAL: all")
