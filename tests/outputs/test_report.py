import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bodyverb import skeletons
from bodyverb.core import PoseSequence, Recording, Segment, Timeline
from bodyverb.outputs import report, report_data
from bodyverb.outputs.report import MAX_BYTES, Limits, report_html


def _data(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


class _Page(HTMLParser):
    """Counts tags and remembers every address."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [
            value for name, value in attrs if name in ("src", "href", "action", "data", "poster")
        ]


@pytest.mark.parametrize(("people", "frames"), [(0, 0), (0, 5), (1, 1), (2, 60)])
def test_page_stands_alone(make_recording, people, frames):
    page = report_html(make_recording(people=people, frames=frames))
    found = _Page(page)
    assert found.addresses == []
    assert found.tags.count("script") == 2 and "{{" not in page
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src 'none'" in page
    assert len(_data(page)["people"]) == people


def test_text_from_outside_stays_text(make_recording):
    bad = "</script><script>alert(1)</script>&\"'<img src=x onerror=alert(2)>\u2028"
    track = make_recording(people=1).tracks[0].replace(person_ids=(bad,))
    recording = Recording(
        timestamps_s=track.timestamps_s,
        image_size=(640, 480),
        source=bad,
        tracks=(track,),
        segments=(Segment(person_id=bad, verb=bad, start_s=0, end_s=1, top5=((bad, 1.0),)),),
        meta={bad: bad, "models": [{"name": bad, "x": [bad]}]},
    )
    page = report_html(recording, key_frames=[(0.0, np.zeros((4, 4, 3), np.uint8))], video=bad)
    clean = _Page(report_html(make_recording(people=1)))
    assert _Page(page).tags == clean.tags
    data = _data(page)
    assert data["source"] == bad and data["verbs"][0][0] == bad and data["how"][0][0].startswith("</script>")


def test_curves_come_back(make_recording):
    recording = make_recording(people=1)
    data = _data(report_html(recording))
    curve = data["people"][0]["curves"]
    joints = len(data["layout"]["joints"])
    width = 2 * joints + len(data["angles"])
    values = np.frombuffer(base64.b64decode(curve["v"]), "<i2").reshape(curve["n"], width).astype(float)
    values[values == report_data.ABSENT] = np.nan
    position = recording.tracks[0].position[0].reshape(curve["n"], -1)
    np.testing.assert_allclose(values[:, : 2 * joints] / curve["scale"], position, atol=0.03)
    times = np.frombuffer(base64.b64decode(curve["t"]), "<f4") + curve["t0"]
    np.testing.assert_allclose(times, recording.timestamps_s, atol=1e-4)


def test_long_curves_keep_their_extent():
    times = np.arange(20_000) / 30
    position = np.zeros((20_000, 14, 2), np.float32)
    position[:, :, 0] = np.where(np.arange(20_000) == 7777, 500, 100)[:, None]
    position[5000:9000:2] = np.nan
    track = PoseSequence.from_arrays(position, skeleton=skeletons.get("lsp14"), timestamps_s=times)
    curve = report_data._curves(track, 20_000)
    assert curve["bin_s"] > 1
    high = np.frombuffer(base64.b64decode(curve["hi"]), "<i2").reshape(curve["n"], -1)
    low = np.frombuffer(base64.b64decode(curve["lo"]), "<i2").reshape(curve["n"], -1)
    assert high[:, 0].max() / curve["scale"] == pytest.approx(500, abs=0.1)
    assert low[low[:, 0] != report_data.ABSENT, 0].min() / curve["scale"] == pytest.approx(100, abs=0.1)
    numbers = sum(len(curve[key]) for key in ("t", "v", "lo", "hi")) * 3 / 4 / 2
    assert numbers <= 20_000


def test_an_hour_of_twenty_people_fits(make_recording):
    frames = 10_800
    one = make_recording(people=1, frames=frames, rate_hz=3)
    tracks = tuple(one.tracks[0].replace(person_ids=(str(at),)) for at in range(20))
    segments = tuple(
        Segment(
            person_id=str(at),
            verb=f"v{k % 15}",
            start_s=k * 3,
            end_s=k * 3 + 2,
            top5=((f"v{k % 15}", 1.0),) * 5,
        )
        for at in range(20)
        for k in range(1200)
    )
    recording = Recording(
        timestamps_s=one.timestamps_s, image_size=(640, 480), source="x", tracks=tracks, segments=segments
    )
    page = report_html(recording)
    assert 1_000_000 < len(page.encode()) <= MAX_BYTES
    data = _data(page)
    assert len(data["segments"]) == 3000 and data["segments_total"] == 24_000


def test_hundreds_of_people_are_capped(make_recording):
    page = report_html(make_recording(people=600, frames=8))
    data = _data(page)
    assert len(data["people"]) == 400 and data["people_total"] == 600
    assert sum(person["curves"] is not None for person in data["people"]) == 100


def test_big_limits_are_lowered_until_it_fits(make_recording):
    noise = np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8)
    recording = make_recording(people=1, frames=40_000)
    page = report_html(recording, key_frames=[(0.5, noise)] * 40, limits=Limits(values=50_000_000))
    assert len(page.encode()) <= MAX_BYTES
    assert len(_data(page)["key_frames"]) <= 12


def test_quality_speaks_of_the_raw_estimates(make_recording):
    smoothed = make_recording(people=2, frames=60)
    raw = Recording(
        timestamps_s=smoothed.timestamps_s,
        image_size=(640, 480),
        source="x",
        tracks=(smoothed.tracks[0].select(frames=slice(0, 15)),),
    )
    quality = _data(report_html(smoothed, raw=raw))["quality"]
    assert quality["tracked"] == 0.25 and quality["most"] == 1
    assert sum(quality["histogram"]) == raw.tracks[0].present.sum()
    assert _data(report_html(smoothed))["quality"]["tracked"] == 1


def test_joint_angles():
    skeleton = skeletons.get("lsp14")
    position = np.full((1, 14, 2), np.nan)
    for joint, place in (("left_hip", (0, 0)), ("left_knee", (0, 10)), ("left_ankle", (10, 10))):
        position[0, skeleton.index(joint)] = place
    names, angles = report_data.joint_angles(position, skeleton)
    assert angles[0, names.index(("knee", "left"))] == pytest.approx(90)
    assert np.isnan(np.delete(angles[0], names.index(("knee", "left")))).all()
    names, _ = report_data.joint_angles(position[:, :13], skeletons.get("penn13"))
    assert len(names) == 8


def test_key_times(make_recording):
    recording = make_recording()
    chosen = report.key_times(recording, count=6)
    assert chosen == sorted(chosen) and 3 <= len(chosen) <= 6
    assert np.isin(chosen, recording.timestamps_s).all()
    assert report.key_times(make_recording(people=0, frames=0)) == []
    assert report.key_times(make_recording(frames=1)) == [0.0]


def test_written_page_links_the_video_beside_it(tmp_path, make_recording):
    path = report.write_report(tmp_path / "clip.html", make_recording())
    assert _data(path.read_text(encoding="utf-8"))["video"] is None
    (tmp_path / "clip.mp4").write_bytes(b"x")
    page = report.write_report(path, make_recording(), video_start_s=2.5).read_text(encoding="utf-8")
    assert (_data(page)["video"], _data(page)["video_start"]) == ("clip.mp4", 2.5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.html", "clip.mp4"]


def test_pairs_belong_to_both(make_recording):
    recording = make_recording(people=3)
    pair = Segment(person_id="1+3", verb="squat", start_s=0, end_s=1)
    data = _data(report_html(recording, Timeline(classes=("squat",), segments=(pair,))))
    assert data["segments"][0][0] == [0, 2]
