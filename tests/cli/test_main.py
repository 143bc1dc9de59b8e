"""The command line itself: help, versions, typing errors, what is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import bodyverb
from bodyverb.cli.main import commands, main


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    return code, *capsys.readouterr()


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    code, out, err = told(capsys, *words)
    assert code == 0 and err == "" and "bodyverb run clip.mp4" in out
    for name in commands():
        assert name.replace("_", " ") in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--version") == (0, f"bodyverb {bodyverb.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("rum", "a.mp4"), "did you mean `bodyverb run`"), (("model",), "`bodyverb models`"),
        (("train",), "train pose"), (("train", "dog"), "train pose"),
        (("xyzzy",), "use one of: bench models"),
        (("--out", "x"), "use one of"),
    ],
)  # fmt: skip
def test_unknown_commands(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], hint: str) -> None:
    code, out, err = told(capsys, *words)
    assert code == 2 and out == "" and hint in err and err.count("\n") == 1


def test_a_file_in_place_of_a_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("")
    assert f"bodyverb run {tmp_path / 'a.mp4'}" in told(capsys, str(tmp_path / "a.mp4"))[2]


def test_run_without_sources(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, "run")
    assert code == 2 and "at least one source" in err


@pytest.mark.parametrize(
    "words", [("--evry", "2"), ("--every", "two"), ("--device", "tpu"), ("--smooth", "much")]
)
def test_wrong_options_end_with_2_and_a_word(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", "a.mp4", *words])
    out, err = capsys.readouterr()
    assert end.value.code == 2 and words[0] in err and "--help" in err and out == ""


def test_the_help_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    for word in (
        "--out",
        "--each",
        "--no-video",
        "--every",
        "--max-people",
        "--resume",
        "--json",
        "--smooth",
    ):
        assert word in out


def test_bugs_are_called_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodyverb.cli.models.Command.run", lambda self: 1 // 0)
    code, _, err = told(capsys, "models")
    assert code == 1 and "bug of bodyverb: ZeroDivisionError" in err and "--debug" in err
    with pytest.raises(ZeroDivisionError):
        main(["models", "--debug"])


def test_interrupts_end_with_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bodyverb.cli.models.Command.run", stop)
    assert told(capsys, "models") == (130, "", "bodyverb: interrupted\n")


def test_show_on_what_is_no_result(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    for name in ("a.txt", "missing.poses.h5", "."):
        code, out, err = told(capsys, "show", str(tmp_path / name))
        assert code == 2 and out == "" and err.startswith("bodyverb: Expected") and err.count("\n") == 1


@pytest.mark.usefixtures("tiny_weights")
def test_show_draws_a_sheet(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1)
    main(["run", str(clip), "--out", str(tmp_path / "out"), "--no-video", "--no-report"])
    capsys.readouterr()
    code, out, _ = told(capsys, "show", str(tmp_path / "out" / "clip.poses.h5"))
    assert code == 0 and "1 person" in out and (tmp_path / "out" / "clip.sheet.png").exists()


@pytest.mark.usefixtures("tiny_weights")
def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "models")
    assert code == 0 and "pose-lite" in out and "32 x 32 px" in out and "Apache-2.0" in out
    code, out, _ = told(capsys, "models", "--json")
    inside = [card["name"] for card in json.loads(out) if card["origin"] == "bundled"]
    assert inside == ["finder", "pose-lite", "verbs-everyday"]


def test_help_loads_no_library() -> None:
    code = (
        "import sys; from bodyverb.cli.main import main; main(['--help']); "
        "print(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("\n")[-2].split())
    assert not loaded & {"numpy", "tyro", "rich", "cv2", "av", "h5py", "scipy", "onnxruntime", "torch"}


def test_usage_errors_load_no_network_library() -> None:
    code = (
        "import sys; from bodyverb.cli.main import main\n"
        "try: main(['run', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split("\n")[-2].split()) & {
        "cv2",
        "av",
        "h5py",
        "scipy",
        "onnxruntime",
        "torch",
    }


def test_a_group_of_commands_lists_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "train pose" in shown and "evaluate" not in shown.split("commands:")[1].split("`bodyverb")[0]
