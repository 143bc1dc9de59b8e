"""`bodyverb run` on bad and good input: one clear line, the right exit code, results complete or absent."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from bodyverb.cli.main import main
from bodyverb.media import open_source, write_image

pytestmark = pytest.mark.usefixtures("tiny_weights")


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def complain(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run, expect exit code 2 and one line; returns it."""
    assert main(["run", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("bodyverb: Expected ") and err.count("\n") == 1, err
    return err.strip()


def audio_only(path: Path) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)


@pytest.mark.parametrize(
    "kind", ["missing", "empty", "text", "noise", "audio", "cut", "emptyfolder", "nopictures"]
)
def test_what_cannot_be_used(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    source, out = tmp_path / "a.mp4", tmp_path / "out"
    if kind == "empty":
        source.write_bytes(b"")
    elif kind == "text":
        source.write_text("hello")
    elif kind == "noise":
        source.write_bytes(np.random.default_rng(0).bytes(5000))
    elif kind == "audio":
        audio_only(source)
    elif kind == "cut":
        source.write_bytes(tiny.write_clip(tmp_path / "whole.mp4", seconds=0.5).read_bytes()[:300])
    elif kind in ("emptyfolder", "nopictures"):
        source = tmp_path / "folder"
        source.mkdir()
        if kind == "nopictures":
            (source / "a.txt").write_text("")
    line = complain(capsys, str(source), "--out", str(out))
    assert line.endswith(str(source)) and "; " in line
    assert not out.exists()


def test_a_clip_cut_short_gives_what_it_has(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tiny.write_clip(tmp_path / "whole.mp4", seconds=3).read_bytes()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(whole[: len(whole) * 2 // 3])
    assert main(["run", str(clip), "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and err.strip().endswith(str(clip)) and "1 person" in out


def test_a_clip_damaged_in_the_middle_gives_the_rest(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(tiny.write_clip(tmp_path / "whole.mp4", seconds=3).read_bytes())
    at = len(data) // 2
    data[at : at + 2000] = np.random.default_rng(0).bytes(2000)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)
    assert main(["run", str(clip), "--out", str(tmp_path / "out")]) == 0
    assert {"clip.poses.h5", "clip.mp4", "clip.html"} <= visible(tmp_path / "out")
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("pixels", ["grey", "alpha", "grey16", "portrait"])
def test_pictures_of_all_kinds(tiny: ModuleType, tmp_path: Path, pixels: str) -> None:
    import cv2

    image = tiny.picture(0, size=(128, 160) if pixels == "portrait" else tiny.SIZE)
    path = tmp_path / "a.png"
    grey = image[..., 0]
    kinds = {
        "grey": grey, "grey16": grey.astype(np.uint16) * 257, "portrait": image[..., ::-1],
        "alpha": np.dstack([image[..., ::-1], np.full(grey.shape, 255, np.uint8)]),
    }  # fmt: skip
    assert cv2.imwrite(str(path), kinds[pixels])
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 0
    assert {"a.poses.h5", "a.overlay.jpg", "a.html"} <= visible(tmp_path / "out")


def test_a_turned_video_is_shown_upright(tiny: ModuleType, tmp_path: Path) -> None:
    """The phone's flag: stored lying, shown standing."""
    plain = tiny.write_clip(tmp_path / "plain.mp4", seconds=0.6)
    turned = tmp_path / "turned.mp4"
    with av.open(str(plain)) as source, av.open(str(turned), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    data = bytearray(turned.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # the matrix of the track's header: a quarter turn
    matrix = [0, 1 << 16, 0, -(1 << 16) & 0xFFFFFFFF, 0, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(value.to_bytes(4, "big") for value in matrix)
    turned.write_bytes(data)
    assert main(["run", str(turned), "--out", str(tmp_path / "out"), "--json"]) == 0
    with open_source(tmp_path / "out" / "turned.mp4") as media:
        assert media.info.image_size == (tiny.SIZE[1], tiny.SIZE[0])


def test_json_is_complete_and_alone(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1.5)
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    assert main(["run", str(clip), str(bad), "--out", str(tmp_path / "out"), "--json", "--no-video"]) == 3
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["version"] == 1 and document["exit_code"] == 3 and err.count("\n") == 1
    keys = {
        "source", "stem", "error", "image_size", "frames", "start_s", "end_s", "people", "segments", "paths",
        "warnings", "seconds",
    }  # fmt: skip
    good, failed = document["sources"]
    assert set(good) == set(failed) == keys
    assert good["people"][0]["person_id"] == "1" and good["segments"][0]["verb"] == "squat"
    assert set(good["segments"][0]) == {"person_id", "verb", "start_s", "end_s", "confidence", "top5"}
    assert good["image_size"] == list(tiny.SIZE) and good["error"] is None and "total" in good["seconds"]
    assert failed["error"].endswith(str(bad)) and failed["paths"] == {}


def test_the_summary_names_every_file(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=1.5)
    assert main(["run", str(clip), "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "1 person, 22 frames" in out and "squat" in out
    for suffix in (".poses.h5", ".verbs.csv", ".verbs.json", ".mp4", ".html"):
        assert str(tmp_path / "out" / f"clip{suffix}") in out


def test_options_that_cannot_be(tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = str(tiny.write_clip(tmp_path / "clip.mp4", seconds=0.2))
    out = ("--out", str(tmp_path / "out"))
    assert "onnxruntime-gpu" in complain(capsys, clip, "--device", "cuda", *out)
    assert complain(capsys, clip, "--pose", "nonsense", *out).endswith("see `bodyverb models`: nonsense")
    assert "pose-lite" in complain(capsys, clip, "--pose", "nonsense", *out)
    assert "--every" not in complain(capsys, clip, "--start", "3", "--end", "1", *out)
    assert "csv" in complain(capsys, clip, "--poses-as", "bvh", *out)
    assert not (tmp_path / "out").exists()


def test_the_output_folder_is_a_file(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tiny.write_clip(tmp_path / "clip.mp4", seconds=0.2)
    (tmp_path / "file").write_text("")
    assert complain(capsys, str(clip), "--out", str(tmp_path / "file")).endswith("file")


_LIMITED = """
import resource, sys
import bodyverb.infer.catalogue as catalogue
from pathlib import Path
catalogue.WEIGHTS = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from bodyverb.cli.main import main
sys.exit(main(["run", *sys.argv[3:]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
@pytest.mark.parametrize("limit", [2_000, 80_000])
def test_a_disk_that_fills_up(tiny: ModuleType, tiny_weights: Path, tmp_path: Path, limit: int) -> None:
    """No file may grow beyond the limit: first the journal fails, then a later result."""
    clip, out = tiny.write_clip(tmp_path / "clip.mp4", seconds=2), tmp_path / "out"
    words = [sys.executable, "-c", _LIMITED, str(tiny_weights), str(limit), str(clip), "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.startswith("bodyverb: Expected to write") and done.stderr.count("\n") == 1
    assert "clip.partial" in visible(out) and not any(name.startswith(".") for name in visible(out))
    assert main(["run", str(clip), "--out", str(out), "--resume"]) == 0
    assert visible(out) == {"clip.poses.h5", "clip.verbs.csv", "clip.verbs.json", "clip.mp4", "clip.html"}


def test_notes_and_broken_pictures(
    tiny: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.write_pictures(tmp_path / "shots", 5)
    (tmp_path / "shots" / "002.png").write_bytes(b"")
    write_image(tmp_path / "shots" / "003.png", tiny.picture(0.2, size=(80, 64)))
    assert main(["run", str(tmp_path / "shots"), "--out", str(tmp_path / "out")]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "002.png" in err and "fitted" in err
