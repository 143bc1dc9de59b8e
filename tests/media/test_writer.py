"""Writing video: times, sizes, sound, complete or absent."""

import resource
import threading
from contextlib import suppress

import av
import numpy as np
import pytest

from bodyverb.core.errors import OutputError
from bodyverb.media import VideoWriter, open_source


def write(path, images, times, **options):
    with VideoWriter(path, images[0].shape[1::-1], 30, **options) as writer:
        for image, time_s in zip(images, times, strict=True):
            writer.write(image, time_s)
    return writer


def read(path):
    with open_source(path) as source:
        return list(source)


def stray(folder):
    return sorted(p.name for p in folder.iterdir() if "part" in p.name)


@pytest.mark.parametrize(
    "times", [[k / 30 for k in range(12)], [0, 0.04, 0.05, 0.3, 1.7, 1.71], [0.0], [0, 4.0]]
)
def test_times_and_pictures_come_back(tmp_path, draw, times):
    path = tmp_path / "out.mp4"
    write(path, draw.numbered(len(times)), times)
    frames = read(path)
    assert [f.time_s for f in frames] == pytest.approx(times, abs=2e-5)
    assert [draw.number_of(f.image) for f in frames] == list(range(len(times)))
    assert stray(tmp_path) == []


def test_plays_in_a_browser(tmp_path, draw):
    path = tmp_path / "out.mp4"
    write(path, draw.numbered(9), [k / 30 for k in range(9)])
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as given:
        context = given.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


@pytest.mark.parametrize("colour", [(220, 30, 30), (30, 220, 30), (30, 30, 220), (128, 128, 128)])
def test_colours_come_back(tmp_path, colour):
    image = np.full((48, 64, 3), colour, np.uint8)
    write(tmp_path / "out.mp4", [image], [0.0])
    assert np.abs(read(tmp_path / "out.mp4")[0].image.astype(int) - image).max() <= 6


@pytest.mark.parametrize("size", [(65, 47), (64, 47), (65, 48), (1, 1), (2, 300)])
def test_odd_sizes_are_padded_and_pixels_keep_their_places(tmp_path, draw, size):
    path = tmp_path / "out.mp4"
    write(path, [draw.blob(size, 30.0, 20.0, 4.0)] * 2, [0.0, 0.1])
    frames = read(path)
    assert frames[0].image.shape[1::-1] == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    if min(size) > 40:
        assert draw.centre(frames[0].image) == pytest.approx((30.0, 20.0), abs=0.3)


def test_the_caller_may_draw_into_a_picture_again(tmp_path, draw):
    canvas = np.zeros((48, 64, 3), np.uint8)
    with VideoWriter(tmp_path / "out.mp4", (64, 48), 30) as writer:
        for k in range(20):
            canvas[:] = draw.level(k)
            writer.write(canvas, k / 30)
    assert [draw.number_of(f.image) for f in read(tmp_path / "out.mp4")] == list(range(20))


def test_no_frame_makes_no_file(tmp_path):
    with VideoWriter(tmp_path / "out.mp4", (64, 48), 30) as writer:
        pass
    assert writer.frames == 0 and list(tmp_path.iterdir()) == []


def encoders():
    return [t for t in threading.enumerate() if t.name == "bodyverb-encode"]


def test_a_failing_block_leaves_nothing_and_keeps_the_old_file(tmp_path, draw):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, (64, 48), 30) as writer:
        for k, image in enumerate(draw.numbered(10)):
            writer.write(image, k / 30)
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before" and stray(tmp_path) == [] and encoders() == []


@pytest.mark.parametrize("bad", ["size", "kind", "time", "nan"])
def test_wrong_pictures_and_times_are_refused(tmp_path, draw, bad):
    image = draw.numbered(1)[0]
    with pytest.raises(ValueError, match="Expected"), VideoWriter(tmp_path / "o.mp4", (64, 48), 30) as writer:
        writer.write(image, 1.0)
        wrong = {"size": image[1:], "kind": image.astype(float)}.get(bad, image)
        writer.write(wrong, {"time": 1.0, "nan": float("nan")}.get(bad, 2.0))
    with pytest.raises(ValueError, match="closed"):
        writer.write(image, 3.0)


def test_unwritable_places(tmp_path):
    for place in (tmp_path / "nowhere" / "out.mp4", tmp_path / "file.txt" / "out.mp4"):
        (tmp_path / "file.txt").touch()
        with pytest.raises(OutputError, match="Expected to write a video") as caught:
            VideoWriter(place, (64, 48), 30)
        assert str(caught.value).endswith(str(place))


def test_a_full_disk_is_one_clear_error(tmp_path):
    random = np.random.default_rng(0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        with (
            pytest.raises(OutputError, match="Expected to write a video"),
            VideoWriter(tmp_path / "out.mp4", (128, 96), 30) as writer,
        ):
            for k in range(120):
                writer.write(random.integers(0, 256, (96, 128, 3), dtype=np.uint8), k / 30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == [] and encoders() == []


def sound_of(path):
    """(codec, wave (n,), first sample's time s, rate) of a file's sound."""
    with av.open(str(path)) as given:
        stream = given.streams.audio[0]
        frames = list(given.decode(stream))
        wave = np.concatenate([f.to_ndarray().astype(float).mean(axis=0) for f in frames])
        return stream.codec_context.name, wave, frames[0].time, stream.rate


def beep_of(path):
    """When the beep starts, s."""
    _, wave, begin, rate = sound_of(path)
    return begin + np.argmax(np.abs(wave) > 0.3 * np.abs(wave).max()) / rate


SOUNDS = [
    ("aac", "fltp", "mp4", 48000, "aac"),
    ("mp3", "fltp", "mkv", 44100, "mp3float"),
    ("mp3", "fltp", "mkv", 8000, "aac"),
    ("libopus", "s16", "mkv", 48000, "opus"),
    ("pcm_s16le", "s16", "mkv", 22050, "aac"),
    ("flac", "s16", "mkv", 44100, "aac"),
    ("ac3", "fltp", "mkv", 48000, "aac"),
    ("aac", "fltp", "ts", 48000, "aac"),
]


@pytest.mark.parametrize(("codec", "kind", "suffix", "rate", "kept"), SOUNDS)
@pytest.mark.parametrize("start", [None, 1.1])
def test_sound_stays_in_step(make_video, draw, tmp_path, codec, kind, suffix, rate, kept, start):
    sound = (codec, draw.tone(3.0, rate, beep_s=2.0), rate, kind)
    path, out = make_video(f"in.{suffix}", draw.numbered(75), sound=sound), tmp_path / "out.mp4"
    with (
        open_source(path, start_s=start) as source,
        VideoWriter(
            out, source.info.image_size, source.info.rate_hz, audio_from=path, start_s=start
        ) as writer,
    ):
        for frame in source:
            writer.write(frame.image, frame.time_s)
    assert writer.warnings == []
    name, wave, begin, out_rate = sound_of(out)
    assert name.removesuffix("float") == kept.removesuffix("float")
    assert beep_of(out) == pytest.approx(2.0 - (start or 0.0), abs=0.04)
    assert begin + len(wave) / out_rate == pytest.approx(2.5 - (start or 0.0), abs=max(0.06, 1200 / rate))
    frames = read(out)
    assert len(frames) == (75 if start is None else 42)


def test_sound_that_starts_late_and_stamps_with_an_offset(make_video, draw, tmp_path):
    sound = ("aac", draw.tone(1.0, beep_s=0.5), 48000, "fltp")
    path = make_video(
        "in.mkv", draw.numbered(60), times=[5 + k / 30 for k in range(60)], sound=sound, sound_offset_s=5.7
    )
    write(tmp_path / "out.mp4", draw.numbered(60), [k / 30 for k in range(60)], audio_from=path)
    assert beep_of(tmp_path / "out.mp4") == pytest.approx(1.2, abs=0.04)
    assert [f.time_s for f in read(tmp_path / "out.mp4")] == pytest.approx(
        [k / 30 for k in range(60)], abs=1e-4
    )


def test_sound_ends_at_the_wanted_end(make_video, draw, tmp_path):
    path = make_video("in.mp4", draw.numbered(60), sound=("aac", draw.tone(2.0), 48000, "fltp"))
    write(
        tmp_path / "out.mp4",
        draw.numbered(30),
        [0.5 + k / 30 for k in range(30)],
        audio_from=path,
        start_s=0.5,
        end_s=1.0,
    )
    _, wave, begin, rate = sound_of(tmp_path / "out.mp4")
    assert begin + len(wave) / rate == pytest.approx(0.5, abs=0.05)


def test_a_source_without_sound_or_readable_sound_still_gives_pictures(make_video, draw, tmp_path):
    images, times = draw.numbered(5), [k / 30 for k in range(5)]
    writer = write(tmp_path / "a.mp4", images, times, audio_from=make_video("mute.mp4", images))
    assert writer.warnings == [] and len(read(tmp_path / "a.mp4")) == 5
    writer = write(tmp_path / "b.mp4", images, times, audio_from=tmp_path / "gone.mp4")
    assert "sound was left out" in writer.warnings[0] and len(read(tmp_path / "b.mp4")) == 5


@pytest.mark.realdata
def test_real_video_round_trip(data_root, tmp_path):
    path = data_root / "videos" / "tfjs_pose_squats" / "pose_squats.mp4"
    with open_source(path, every=8) as source:
        given = list(source)
    write(tmp_path / "out.mp4", [f.image for f in given], [f.time_s for f in given], audio_from=path)
    frames = read(tmp_path / "out.mp4")
    assert [f.time_s for f in frames] == pytest.approx([f.time_s for f in given], abs=1e-5)
    error = [np.abs(a.image.astype(int) - b.image).mean() for a, b in zip(frames, given, strict=True)]
    assert max(error) < 4


def test_a_gap_of_ten_hours_keeps_its_length(tmp_path):
    stamps = [0.0, 0.5, 36_000.0, 36_000.5]
    with VideoWriter(tmp_path / "long.mp4", (64, 48), 2.0) as writer:
        for k, time_s in enumerate(stamps):
            writer.write(np.full((48, 64, 3), 50 * k, np.uint8), time_s)
    with open_source(tmp_path / "long.mp4") as source:
        found = [(frame.time_s, float(frame.image.mean())) for frame in source]
    assert [t for t, _ in found] == pytest.approx([0.0, *(0.5 + 3600 * k for k in range(10)), *stamps[2:]])
    assert all(abs(level - 50) < 4 for _, level in found[1:-2])


@pytest.mark.parametrize("share", [0.4, 0.75, 0.95])
def test_a_video_in_pieces_can_be_read_when_cut(tmp_path, draw, share):
    path = tmp_path / "capture.mp4"
    writer = VideoWriter(path, (64, 48), 30.0, in_pieces=True)
    noise = np.random.default_rng(0).integers(-15, 16, (75, 48, 64, 3))
    for k, image in enumerate(draw.numbered(75)):
        writer.write(np.clip(image + noise[k], 0, 255).astype(np.uint8), 5.0 + k / 30)
    writer.close()
    with open_source(path) as source:
        whole = [(frame.time_s, draw.number_of(frame.image)) for frame in source]
    assert [number for _, number in whole] == list(range(75))
    assert [t for t, _ in whole] == pytest.approx([k / 30 for k in range(75)], abs=1e-4)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with open_source(path) as source:
        left = [(frame.time_s, draw.number_of(frame.image)) for frame in source]
    assert left == whole[: len(left)] and len(left) >= 25 * share


def test_a_video_in_pieces_is_there_before_its_end_and_outlives_a_failure(tmp_path, draw):
    path = tmp_path / "capture.mp4"
    with (
        pytest.raises(RuntimeError, match="mine"),
        VideoWriter(path, (64, 48), 30.0, in_pieces=True) as writer,
    ):
        for k, image in enumerate(draw.numbered(75)):
            writer.write(image, k / 30)
        writer._queue.finish()  # what a kill would find: all of it encoded, no end written
        writer._thread.join()
        with open_source(path) as source:
            assert sum(1 for _ in source) >= 60
        raise RuntimeError("mine")
    with open_source(path) as source:
        assert sum(1 for _ in source) == 75
    with suppress(RuntimeError), VideoWriter(tmp_path / "none.mp4", (64, 48), 30.0, in_pieces=True):
        raise RuntimeError("before the first picture")
    assert not (tmp_path / "none.mp4").exists()


def test_a_disk_that_is_full_from_the_beginning_leaves_nothing(tmp_path, monkeypatch):
    real = av.open

    def full(place, mode="r", **options):
        if mode == "w":
            raise OSError(28, "No space left on device")
        return real(place, mode, **options)

    monkeypatch.setattr(av, "open", full)
    with pytest.raises(OutputError, match="No space left"):
        VideoWriter(tmp_path / "clip.mp4", (64, 48), 30.0)
    assert list(tmp_path.iterdir()) == []
