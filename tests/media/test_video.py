"""Video files: clock, orientation, pixel formats, trimming."""

import threading
from fractions import Fraction

import av
import numpy as np
import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import open_source


def read(path, **options):
    with open_source(path, **options) as source:
        return [(f.time_s, f.image) for f in source], source


def times(path, **options):
    return [time_s for time_s, _ in read(path, **options)[0]]


def test_frames_carry_times_order_and_upright_contiguous_rgb(make_video, draw):
    path = make_video("clip.mp4", draw.numbered(20))
    with open_source(path) as source:
        frames = list(source)
    assert source.info.kind == "video" and source.info.stem == "clip" and source.info.path == path
    assert source.info.image_size == (64, 48) and source.info.rate == "measured" and not source.info.live
    assert source.info.rate_hz == pytest.approx(30) and source.info.duration_s == pytest.approx(20 / 30)
    assert source.info.frame_count == 20 and not source.info.has_audio
    assert [f.index for f in frames] == list(range(20))
    assert [f.time_s for f in frames] == pytest.approx([k / 30 for k in range(20)], abs=1e-6)
    assert [draw.number_of(f.image) for f in frames] == list(range(20))
    assert all(f.image.shape == (48, 64, 3) and f.image.dtype == np.uint8 for f in frames)
    assert all(f.image.flags.c_contiguous and f.image.flags.writeable for f in frames)
    assert source.warnings == []


def test_kept_pictures_are_not_overwritten_by_later_ones(make_video, draw):
    path = make_video("clip.mp4", draw.numbered(60, (320, 240)))
    kept = [image for _, image in read(path)[0]]
    assert [draw.number_of(image) for image in kept] == list(range(60))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_variable_rate_keeps_every_stamp(make_video, draw, suffix):
    stamps = [0.0, 0.04, 0.05, 0.3, 0.31, 1.0, 1.5]
    path = make_video(f"vfr.{suffix}", draw.numbered(7), times=stamps)
    assert times(path) == pytest.approx(stamps, abs=6e-4)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_offset_of_the_stamps_is_taken_off(make_video, draw, suffix):
    path = make_video(f"late.{suffix}", draw.numbered(10), times=[10 + k / 10 for k in range(10)])
    assert times(path) == pytest.approx([k / 10 for k in range(10)], abs=1e-3)


def test_frames_before_zero_of_an_edit_list_are_not_shown(make_video, draw, tmp_path):
    path, cut = make_video("whole.mp4", draw.numbered(30)), tmp_path / "cut.mp4"
    with (
        av.open(str(path)) as given,
        av.open(str(cut), "w", options={"avoid_negative_ts": "disabled"}) as output,
    ):
        stream = given.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.size:
                shift = round(Fraction(1, 5) / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, copy
                output.mux(packet)
    frames, _ = read(cut)
    assert frames[0][0] == 0.0 and draw.number_of(frames[0][1]) == 6
    assert [t for t, _ in frames] == pytest.approx([k / 30 for k in range(24)], abs=1e-3)


def test_raw_stream_without_stamps_says_nominal(make_video, draw):
    path = make_video("raw.h264", draw.numbered(12))
    frames, source = read(path)
    assert source.info.rate == "nominal"
    assert np.allclose(np.diff([t for t, _ in frames]), 1 / source.info.rate_hz)
    assert draw.number_of(read(path, start_s=frames[5][0])[0][0][1]) == 5


def test_backward_jump_of_the_stamps_is_closed(make_video, draw, tmp_path):
    first = make_video("a.ts", draw.numbered(30), times=[50 + k / 30 for k in range(30)])
    second = make_video("b.ts", draw.numbered(30))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    frames, source = read(joined)
    steps = np.diff([t for t, _ in frames])
    assert len(frames) >= 55 and (steps > 0).all() and steps.max() < 0.2
    assert any("Jumps backwards" in line for line in source.warnings)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ((0, False, False), lambda x, y, w, h: (x, y)),
        ((90, False, False), lambda x, y, w, h: (y, w - 1 - x)),
        ((180, False, False), lambda x, y, w, h: (w - 1 - x, h - 1 - y)),
        ((-90, False, False), lambda x, y, w, h: (h - 1 - y, x)),
        ((0, True, False), lambda x, y, w, h: (w - 1 - x, y)),
        ((0, False, True), lambda x, y, w, h: (x, h - 1 - y)),
    ],
)
def test_rotation_flag_moves_the_dot_with_pixel_centres(make_video, draw, turn, expected):
    size, spot = (96, 64), (30.0, 20.5)
    path = make_video("dot.mp4", [draw.blob(size, *spot)] * 3, rotation=turn, options={"crf": "1"})
    frames, source = read(path)
    assert draw.centre(frames[1][1]) == pytest.approx(expected(*spot, *size), abs=0.06)
    assert source.info.image_size == frames[1][1].shape[1::-1]
    assert source.info.image_size == (size if turn[0] in (0, 180) else size[::-1])


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(2), (128, 48)), (Fraction(1, 2), (64, 96)), (Fraction(1, 90), (64, 48))]
)
def test_pixels_are_made_square(make_video, draw, aspect, size):
    path = make_video("sar.mp4", [draw.blob((64, 48), 20.0, 30.0)] * 2, aspect=aspect, options={"crf": "1"})
    frames, source = read(path)
    assert source.info.image_size == size and frames[0][1].shape[1::-1] == size
    x, y = (20 + 0.5) * size[0] / 64 - 0.5, (30 + 0.5) * size[1] / 48 - 0.5
    assert draw.centre(frames[0][1]) == pytest.approx((x, y), abs=0.15)


def test_square_pixels_and_rotation_together(make_video, draw):
    path = make_video("both.mp4", draw.numbered(2), aspect=Fraction(2), rotation=(90, False, False))
    frames, source = read(path)
    assert source.info.image_size == (48, 128) and frames[0][1].shape == (128, 48, 3)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix", "size"),
    [
        ("libx264", "yuv420p", "mp4", (66, 50)),
        ("libx264", "yuv422p", "mp4", (66, 50)),
        ("libx264", "yuv444p", "mp4", (65, 47)),
        ("libx264", "gray", "mp4", (65, 47)),
        ("libx264", "yuv420p10le", "mp4", (64, 48)),
        ("ffv1", "yuv420p", "mkv", (65, 47)),
        ("ffv1", "gray16le", "mkv", (65, 47)),
        ("ffv1", "rgb48le", "mkv", (64, 48)),
        ("mjpeg", "yuvj422p", "avi", (64, 48)),
        ("gif", "rgb8", "gif", (64, 48)),
        ("mpeg4", "yuv420p", "avi", (64, 48)),
    ],
)
def test_any_pixel_format_and_odd_size(make_video, draw, codec, pix_fmt, suffix, size):
    image = draw.blob(size, 30.0, 20.0, 6.0)
    path = make_video(f"clip.{suffix}", [image] * 3, codec=codec, pix_fmt=pix_fmt, rate=10)
    frames, source = read(path)
    assert len(frames) == 3 and source.info.image_size == size
    tolerance = 20 if codec == "gif" else 5
    assert np.abs(frames[1][1].astype(int) - image).mean() < tolerance
    if codec != "gif":
        assert draw.centre(frames[1][1]) == pytest.approx((30.0, 20.0), abs=0.15)


@pytest.mark.parametrize("colour", [(200, 40, 40), (40, 200, 40), (40, 40, 200), (250, 250, 250), (5, 5, 5)])
@pytest.mark.parametrize("space", [1, 6])
def test_colours_follow_the_tagged_matrix(tmp_path, colour, space):
    path = tmp_path / "tagged.mp4"
    image = np.full((48, 64, 3), colour, np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 48, "yuv420p", {"crf": "4"}
        stream.codec_context.colorspace = space
        stream.codec_context.color_range = 1
        frame = av.VideoFrame.from_ndarray(image).reformat(
            format="yuv420p", dst_colorspace="itu709" if space == 1 else "itu601"
        )
        output.mux(stream.encode(frame) + stream.encode(None))
    assert np.abs(read(path)[0][0][1].astype(int) - image).max() <= 5


@pytest.mark.parametrize(("codec", "pix_fmt", "suffix"), [("qtrle", "argb", "mov"), ("png", "rgba", "mov")])
def test_alpha_is_laid_over_grey(make_video, draw, codec, pix_fmt, suffix):
    image = np.zeros((48, 64, 4), np.uint8)
    image[:, :32] = (200, 100, 50, 255)
    image[:, 32:] = (255, 0, 255, 0)
    path = make_video(f"alpha.{suffix}", [image] * 2, codec=codec, pix_fmt=pix_fmt, image_format="rgba")
    got = read(path)[0][0][1]
    assert got[10, 10].tolist() == [200, 100, 50] and got[10, 50].tolist() == [128, 128, 128]


def test_one_frame(make_video, draw):
    frames, source = read(make_video("one.mp4", draw.numbered(1)))
    assert len(frames) == 1 and frames[0][0] == 0.0 and source.warnings == []


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("start", [0.5, 1.2, 2.35])
def test_start_and_end_trim_exactly(make_video, draw, suffix, start):
    codec = "mpeg4" if suffix == "avi" else "libx264"
    path = make_video(f"clip.{suffix}", draw.numbered(75), options={"g": "12", "bf": "2"}, codec=codec)
    frames, source = read(path, start_s=start, end_s=2.45)
    wanted = [k for k in range(75) if start <= k / 30 + 1e-3 and k / 30 < 2.45 - 1e-3]
    assert [draw.number_of(image) for _, image in frames] == wanted
    assert [t for t, _ in frames] == pytest.approx([k / 30 for k in wanted], abs=1e-3)
    assert abs((source.info.frame_count or 0) - len(wanted)) <= 1


def test_every_counts_from_the_start(make_video, draw):
    path = make_video("clip.mp4", draw.numbered(30), options={"g": "5"})
    frames, source = read(path, start_s=0.2, every=7)
    assert [draw.number_of(image) for _, image in frames] == [6, 13, 20, 27]
    assert source.info.frame_count == 4


@pytest.mark.parametrize(
    "options", [{"start_s": -1}, {"start_s": 2, "end_s": 1}, {"end_s": 0}, {"every": 0}, {"start_s": 99}]
)
def test_impossible_selection_is_the_users_mistake(make_video, draw, options):
    path = make_video("clip.mp4", draw.numbered(10))
    with pytest.raises(InputError, match="Expected"):
        open_source(path, **options)


def decoders():
    return [t for t in threading.enumerate() if t.name == "bodyverb-decode"]


def test_leaving_early_ends_the_thread(make_video, draw):
    path = make_video("clip.mp4", draw.numbered(60, (320, 240)))
    with open_source(path) as source:
        for frame in source:
            if frame.index == 3:
                break
    assert decoders() == []
    with pytest.raises(RuntimeError, match="mine"), open_source(path) as source:
        for _ in source:
            raise RuntimeError("mine")
    assert decoders() == []


def test_closing_without_reading_and_twice(make_video, draw):
    source = open_source(make_video("clip.mp4", draw.numbered(5)))
    source.close()
    source.close()
    with pytest.raises(ValueError, match="open it again"):
        iter(source)


def test_a_source_is_read_once(make_video, draw):
    with open_source(make_video("clip.mp4", draw.numbered(5))) as source:
        assert len(list(source)) == 5
        with pytest.raises(ValueError, match="open it again"):
            iter(source)


def test_errors_of_the_thread_reach_the_reader(make_video, draw, monkeypatch):
    path = make_video("clip.mp4", draw.numbered(5))
    with open_source(path) as source:
        monkeypatch.setattr(source, "_to_rgb", lambda frame: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(source)


def test_sound_is_announced(make_video, draw):
    sound = ("aac", draw.tone(1.0), 48000, "fltp")
    assert open_source(make_video("clip.mp4", draw.numbered(30), sound=sound)).info.has_audio


def test_http_streams_are_read_like_files(make_video, draw, served):
    path = make_video("clip.mp4", draw.numbered(30), container_options={"movflags": "+faststart"})
    frames, source = read(f"{served}/{path.name}", start_s=0.5)
    assert source.info.kind == "stream" and source.info.stem == "clip" and not source.info.live
    assert [draw.number_of(image) for _, image in frames] == list(range(15, 30))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "count", "rate", "size"),
    [("pose_squats", 65, 5.0, (720, 1280)), ("pose_1", 120, 30.0, (576, 576))],
)
def test_real_videos(data_root, name, count, rate, size):
    frames, source = read(data_root / "videos" / "tfjs_pose_squats" / f"{name}.mp4")
    assert [t for t, _ in frames] == pytest.approx([k / rate for k in range(count)], abs=1e-6)
    assert source.info.image_size == size and source.info.frame_count == count and source.warnings == []
    assert 40 < np.mean([image.mean() for _, image in frames]) < 220
