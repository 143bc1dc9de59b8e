"""A tiny training, in this process and in others."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOY = Path(__file__).parent / "toy_run.py"
Job = Callable[..., list[int]]


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The module `toy_run.py`."""
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("bodyverb_toy_run", TOY)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def job() -> Iterator[Job]:
    """Runs a job of `toy_run.py` in processes of its own; gives their exit codes (-9: killed)."""
    pytest.importorskip("torch")
    if sys.platform == "win32":
        pytest.skip("needs fork")
    words = [sys.executable, "-W", "error", str(TOY)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdin is not None and worker.stdout is not None
        told, answers = worker.stdin, worker.stdout

        def run(options: dict[str, Any], **how: Any) -> list[int]:
            told.write(json.dumps({"options": options, **how}) + "\n")
            told.flush()
            return list(json.loads(answers.readline()))

        yield run
        told.close()
