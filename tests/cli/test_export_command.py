"""`bodyverb export` and `explain`: the exported network is the trained one, and a run uses it at once."""

import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.cli.main import main
from bodyverb.formats import poses_h5
from bodyverb.infer import load
from bodyverb.recognize.recognizer import Recognizer

KEYS = {
    "classes", "skeleton", "persons", "dims", "window_s", "stride_s", "steps", "thresholds", "licence",
    "sha256", "trained_on", "checked",
}  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


@pytest.fixture(scope="module")
def exported(toy_runs: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of the 2D run."""
    path: Path = tmp_path_factory.mktemp("exported") / "toy.onnx"
    assert main(["export", str(toy_runs[2]), str(path)]) == 0
    return path


@pytest.fixture
def again(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exporting takes the 2D file that was exported before: torch needs seconds for each."""
    write = lambda module, shape, path: shutil.copyfile(exported, path)  # noqa: E731
    monkeypatch.setattr("bodyverb.train.export_verbs.write_network", write)


def test_the_card_says_what_is_needed(exported: Path) -> None:
    card = json.loads(exported.with_suffix(".json").read_text())
    assert set(card) >= KEYS
    assert card["dims"] == 2 and card["persons"] == 1 and card["classes"] == ["wave", "still", "nod"]
    assert card["skeleton"] == skeletons.get("coco17").to_dict()
    assert card["checked"]["largest difference of a probability"] < 1e-4
    assert "root" not in card["trained_on"] and str(exported.parent) not in json.dumps(card)
    assert 0.2 <= card["thresholds"]["known_on"] <= 0.9
    assert 0.6 < card["window_s"] < 1.3


def test_any_batch_and_time_and_nan_in(exported: Path) -> None:
    session = load(str(exported), "verbs")
    rng = np.random.default_rng(0)
    for batch, time in ((1, 1), (3, 40), (1, 7)):
        position = rng.normal(size=(batch, 1, time, 17, 2)).astype(np.float32)
        position[:, :, :, 3] = np.nan
        position[0] = np.nan
        score = np.isfinite(position[..., 0]).astype(np.float32)
        seconds = np.tile(np.arange(time, dtype=np.float32) / 30, (batch, 1))
        logits = session.run({"position": position, "score": score, "seconds": seconds})["logits"]
        assert logits.shape == (batch, 3) and np.isfinite(logits).all()


def test_evaluating_it_gives_the_same(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], exported: Path
) -> None:
    root = toy_runs[2].parent / "data.pkl"
    one = json.loads(told(capsys, "evaluate", toy_runs[2], "--json")[1])["overall"]
    two = json.loads(told(capsys, "evaluate", exported, "--root", root, "--json")[1])["overall"]
    assert one["top_1"] == two["top_1"] and one["nll"] == pytest.approx(two["nll"], abs=1e-5)
    code, _, err = told(capsys, "evaluate", exported)
    assert code == 2 and "--root" in err and err.count("\n") == 1


def test_int8_keeps_the_verdicts(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path, again: None
) -> None:
    code, out, _ = told(capsys, "export", toy_runs[2], tmp_path / "small.onnx", "--int8")
    card = json.loads((tmp_path / "small.json").read_text())
    assert code == 0 and "verdicts stay" in out
    assert card["int8"]["same"] >= 0.99 and card["int8"]["points lost"] <= 0.3
    assert card["int8"]["part"] == "validation" and card["int8"]["clips"] == 15
    import onnx

    kinds = [node.op_type for node in onnx.load(str(tmp_path / "small.onnx")).graph.node]
    assert "QuantizeLinear" in kinds


def test_int8_that_changes_too_much_is_refused(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path,
    again: None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("bodyverb.train.quantize_verbs.LEAST_SAME", 1.1)
    code, out, err = told(capsys, "export", toy_runs[2], tmp_path / "small.onnx", "--int8")
    assert (code, out, err.count("\n")) == (2, "", 1) and "export without --int8" in err
    assert not list(tmp_path.iterdir())


def test_a_network_that_differs_is_refused(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path,
    again: None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("bodyverb.train.export_verbs.TOLERANCE", -1.0)
    code, _, err = told(capsys, "export", toy_runs[2], tmp_path / "x.onnx")
    assert code == 2 and "of torch" in err and not list(tmp_path.iterdir())


def test_a_run_names_the_verb_at_once(toy_lab: ModuleType, exported: Path) -> None:
    recognizer = Recognizer(load(str(exported), "verbs"))
    verbs = [
        max(recognizer.timeline([toy_lab.poses(k)]).segments, key=lambda s: s.end_s - s.start_s).top5[0][0]
        for k in range(12)
    ]
    right = [("wave", "still", "nod")[k % 3] for k in range(12)]
    assert sum(a == b for a, b in zip(verbs, right, strict=True)) >= 9


def test_three_dimensions_are_refused_by_a_run(
    capsys: pytest.CaptureFixture[str], exported: Path, tiny: ModuleType, tmp_path: Path
) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", 0.5)
    card = json.loads(exported.with_suffix(".json").read_text())
    (tmp_path / "deep.json").write_text(json.dumps(card | {"dims": 3}))
    shutil.copy(exported, tmp_path)
    code, _, err = told(capsys, "run", clip, "--verbs", tmp_path / "deep.json", "--out", tmp_path / "out")
    assert code == 2 and "needs 3D poses" in err and err.count("\n") == 1


def test_export_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], exported: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    cases = [
        ((toy_runs[2], tmp_path / "x.bin"), "ends with .onnx"),
        ((exported, tmp_path / "x.onnx"), "run folder"),
        ((toy_runs[2], tmp_path / "x.onnx", "--root", tmp_path / "gone.pkl"), "gone.pkl"),
        ((toy_runs[2], tmp_path / "file" / "x.onnx"), "x.onnx"),
    ]
    for words, hint in cases:
        code, out, err = told(capsys, "export", *words)
        assert (code, out, err.count("\n")) == (2, "", 1) and hint in err, err


def test_a_clip_of_the_data_is_explained(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], exported: Path, tmp_path: Path
) -> None:
    for dims, model in ((3, toy_runs[3]), (2, exported)):
        root = toy_runs[dims].parent / "data.pkl"
        words = ("explain", model, "clip045", "--root", root, "--out", tmp_path / f"{dims}.png", "--json")
        code, out, _ = told(capsys, *words)
        found = json.loads(out)
        assert code == 0 and found["class"] == "wave" and (dims == 3 or found["named"] == "wave")
        assert max(found["joints"].values()) > 0.05
        assert len(found["moments"]) == 8 and (tmp_path / f"{dims}.png").is_file()
        assert json.loads((tmp_path / f"{dims}.json").read_text()) == found


def test_a_file_of_poses_is_explained(
    capsys: pytest.CaptureFixture[str], toy_lab: ModuleType, exported: Path, tmp_path: Path
) -> None:
    from bodyverb.core import Recording

    poses = toy_lab.poses(0, frames=90)
    recording = Recording(timestamps_s=poses.timestamps_s, image_size=(640, 480), source="x", tracks=(poses,))
    path = tmp_path / "clip.poses.h5"
    poses_h5.write(path, recording)
    words = ("explain", exported, path, "--out", tmp_path / "e.png", "--target", "wave")
    code, out, _ = told(capsys, *words)
    assert code == 0 and "clip.poses.h5, " in out and "wave" in out


def test_explain_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], toy_runs: dict[int, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(toy_runs[2], run)
    cases = [
        (("clip999",), "such as clip000"),
        (("clip000", "--target", "dance"), "wave, still, nod"),
        (("clip000", "--blocks", "0"), "at least one"),
        (("clip000", "--out", tmp_path / "x.gif"), ".png"),
    ]
    for words, hint in cases:
        code, out, err = told(capsys, "explain", run, *words)
        assert (code, out, err.count("\n")) == (2, "", 1) and hint in err, err
