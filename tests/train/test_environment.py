"""What a run says of where it ran."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import bodyverb
from bodyverb.train import environment


def test_names_versions_machine_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bodyverb", "train", "verbs", "--out", "my run"])
    found = environment.environment()
    assert found["bodyverb"] == bodyverb.__version__ and found["command"].endswith("--out 'my run'")
    assert found["processor"] and int(found["cores"]) >= 1 and found["python"].count(".") == 2


def test_the_commit_is_that_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    package = tmp_path / "src" / "bodyverb"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(bodyverb, "__file__", str(package / "__init__.py"))
    assert "git" not in environment.environment()  # no repository
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "someone else's")
    assert "git" not in environment.environment()  # a repository that does not hold the package
    git("add", ".")
    git("commit", "-q", "-m", "ours")
    assert environment.environment()["git"] == git("rev-parse", "HEAD")
    (package / "__init__.py").write_text("changed = True")
    assert environment.environment()["git"] == git("rev-parse", "HEAD") + "+"


def test_the_file_of_a_run(tmp_path: Path) -> None:
    written = environment.EnvironmentFile(tmp_path, processes=2)
    written.write(12.34)
    found = json.loads((tmp_path / "environment.json").read_text())
    assert found["seconds"] == 12.3 and found["processes"] == 2 and found["start"].endswith("+00:00")
