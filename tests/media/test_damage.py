"""Sources that are missing, empty, cut short, damaged or something else."""

import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import open_source


def message(source):
    with pytest.raises(InputError) as caught:
        open_source(source)
    text = str(caught.value)
    assert text.startswith("Expected") and "; " in text and "\n" not in text and text.endswith(str(source))
    return text


def test_missing(tmp_path):
    assert "nothing" in message(tmp_path / "nobody.mp4")


def test_empty(tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert "empty file" in message(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["letter.mp4", "letter.txt", "letter.mkv", "letter"])
def test_text(tmp_path, name):
    (tmp_path / name).write_text("Dear reader, this is no video.\n" * 40)
    assert "text" in message(tmp_path / name)


def test_noise(tmp_path):
    (tmp_path / "noise.mp4").write_bytes(bytes((k * k * 31 + 7) % 251 for k in range(20000)))
    assert "FFmpeg cannot read" in message(tmp_path / "noise.mp4")


def test_sound_only(make_video, draw, tmp_path):
    import av

    path = tmp_path / "song.m4a"
    whole = make_video("clip.mp4", draw.numbered(30), sound=("aac", draw.tone(1.0), 48000, "fltp"))
    with av.open(str(whole)) as given, av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream_from_template(given.streams.audio[0])
        for packet in given.demux(audio=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert "sound only" in message(path)


def test_a_playlist_cannot_reach_the_network(tmp_path, served):
    path = tmp_path / "list.m3u8"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{served}/clip.ts\n#EXT-X-ENDLIST\n")
    message(path)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9/clip.mp4", "refused"),
        ("rtsp://127.0.0.1:9/live", "refused"),
        ("gopher://somewhere/clip", "address of"),
    ],
)
def test_streams_that_do_not_answer(address, words):
    assert words in message(address)


def test_http_not_found(served):
    assert "not found" in message(f"{served}/nothing.mp4")


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def noisy(draw, count=60):
    """Pictures that leave many bytes, so that a cut falls into frames."""
    import numpy as np

    random = np.random.default_rng(0)
    return [
        np.clip(p + random.integers(-15, 16, p.shape), 0, 255).astype(np.uint8) for p in draw.numbered(count)
    ]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_cut_short(make_video, draw, suffix):
    options = {"container_options": {"movflags": "+faststart"}} if suffix == "mp4" else {}
    path = cut(make_video(f"clip.{suffix}", noisy(draw), **options), 0.6)
    with open_source(path) as source:
        numbers = [draw.number_of(frame.image) for frame in source]
    assert 25 < len(numbers) < 50 and numbers == list(range(len(numbers)))
    assert any("ends early" in line for line in source.warnings)


def test_cut_short_before_the_index(make_video, draw):
    assert "without its index" in message(cut(make_video("clip.mp4", noisy(draw)), 0.6))


def test_cut_short_inside_the_first_frame(make_video, draw):
    path = make_video("clip.mp4", noisy(draw), container_options={"movflags": "+faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 40])
    assert "no frame can be decoded" in message(path)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_damage_in_the_middle(make_video, draw, suffix):
    path = make_video(f"clip.{suffix}", noisy(draw), options={"g": "10"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes((k * 77 + 13) % 256 for k in range(2000))
    path.write_bytes(data)
    with open_source(path) as source:
        frames = list(source)
    assert 40 <= len(frames) <= 60
    assert frames[-1].time_s == pytest.approx(59 / 30, abs=0.002)
    assert draw.number_of(frames[0].image) == 0 and draw.number_of(frames[-1].image) == 59
    # Matroska's demuxer finds the next cluster by itself and says nothing of what it left out.
    assert suffix == "mkv" or any("amaged" in line for line in source.warnings)
    stamps = [frame.time_s for frame in frames]
    assert stamps == sorted(set(stamps))
