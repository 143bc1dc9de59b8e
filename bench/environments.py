"""Environments of the peers, one each: their dependencies exclude ours."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "venv"

REQUIREMENTS = {
    # The last version with `solutions`; it brings its networks along.
    "mediapipe": ("mediapipe==0.10.21",),
    # The same onnxruntime as ours: what is compared is what lies round the networks.
    "rtmlib": ("rtmlib==0.0.16", f"onnxruntime=={importlib.metadata.version('onnxruntime')}"),
}


def interpreter(name: str, base: str = sys.executable) -> Path:
    """The Python of a peer's environment, which is made where it is not there or was made for other versions.

    Args:
        name: of `REQUIREMENTS`.
        base: interpreter to make it with.

    Raises:
        SystemExit: pip does not find what is asked for.
    """
    folder = HERE / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    note, wanted = folder / "installed.txt", "\n".join(REQUIREMENTS[name])
    if python.exists() and note.is_file() and note.read_text(encoding="utf-8") == wanted:
        return python
    print(f"making {folder} ...", file=sys.stderr)
    for command in (
        [base, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[name]],
    ):
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(
                f"Expected {' and '.join(REQUIREMENTS[name])} for {base}, got an error of pip (above); "
                f"try --python with Python 3.9 to 3.12: {folder}"
            )
    note.write_text(wanted, encoding="utf-8")
    return python
