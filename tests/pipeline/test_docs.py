"""The examples of docs/how-to/python.md, run one after the other."""

import re
from pathlib import Path
from types import ModuleType

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"


@pytest.mark.usefixtures("tiny_weights")
def test_every_example_runs(
    tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.write_clip(tmp_path / "clip.mp4", seconds=2)
    tiny.write_pictures(tmp_path, 1, [2])[0].rename(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        if not block.startswith("# test: skip"):
            exec(compile(block, str(PAGE), "exec"), names)
    out = capsys.readouterr().out
    assert len(blocks) >= 7 and out.count(" squat ") >= 2 and "(2, 14, 2)" in out
