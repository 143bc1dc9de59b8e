import xml.etree.ElementTree as ET

import numpy as np
import pytest
from rich.console import Console

from bodyverb.core import OutputError, Segment, Timeline
from bodyverb.outputs import contact_sheet, tables, timeline_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("people", "frames"), [(0, 0), (0, 5), (1, 1), (2, 60), (9, 3)])
def test_contact_sheet(make_recording, people, frames):
    recording = make_recording(people=people, frames=frames)
    sheet = contact_sheet.contact_sheet(recording, cell=80, columns=4)
    assert sheet.dtype == np.uint8 and sheet.ndim == 3 and sheet.std() > 0
    rows = max(1, min(people, 6))
    assert sheet.shape[0] == 58 + rows * (104 + 10)


def test_contact_sheet_over_pictures(make_recording):
    asked = []

    def image_at(time_s):
        asked.append(time_s)
        return np.full((480, 640, 3), (200, 10, 10), np.uint8)

    sheet = contact_sheet.contact_sheet(make_recording(people=1), cell=80, columns=4, image_at=image_at)
    assert len(asked) == 4
    assert (np.abs(sheet.astype(int) - (200, 10, 10)).sum(axis=2) < 20).mean() > 0.1


def test_written_contact_sheet(tmp_path, make_recording):
    path = contact_sheet.write_contact_sheet(tmp_path / "sheet.png", make_recording(people=1, frames=3))
    assert path.read_bytes()[1:4] == b"PNG" and [p.name for p in tmp_path.iterdir()] == ["sheet.png"]


def test_clock():
    assert [contact_sheet.clock(t) for t in (0, 7.26, 59.96, 3661, -1.5)] == [
        "0:00.0",
        "0:07.3",
        "1:00.0",
        "1:01:01",
        "-0:01.5",
    ]


@pytest.mark.parametrize(("people", "frames"), [(0, 0), (1, 1), (3, 60), (100, 3)])
def test_timeline_svg_is_sound(make_recording, people, frames):
    root = ET.fromstring(timeline_svg.timeline_svg(make_recording(people=people, frames=frames)))
    bars = root.findall(f"{SVG}g")
    assert len(bars) == (2 * min(people, timeline_svg.MAX_PEOPLE) if frames > 1 else 0)
    if not people:
        assert "Nobody was found." in "".join(root.itertext())


def test_timeline_svg_escapes(make_recording, tmp_path):
    verb = "<script>alert('x')</script>&"
    segments = (Segment(person_id="1", verb=verb, start_s=0, end_s=2, confidence=0.5),)
    text = timeline_svg.timeline_svg(make_recording(), Timeline(classes=(verb,), segments=segments))
    assert "<script" not in text and verb in "".join(ET.fromstring(text).itertext())
    path = timeline_svg.write_timeline_svg(tmp_path / "new" / "t.svg", make_recording())
    assert [p.name for p in path.parent.iterdir()] == ["t.svg"]
    with pytest.raises(OutputError, match="choose another"):
        timeline_svg.write_text(path / "below.svg", "")


def _printed(table):
    console = Console(width=140, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_tables(make_recording):
    text = _printed(tables.recording_table(make_recording(people=25, source="[red]a.mp4")))
    assert "[red]a.mp4: 25 people, 60 frames" in text and "20 of 25 people" in text and "squat 1.0 s" in text
    assert "Nobody was found." in _printed(tables.recording_table(make_recording(people=0, frames=0)))
    assert "1 person" in _printed(tables.recording_table(make_recording(people=1, frames=1)))
    segments = make_recording(people=30).segments
    assert "40 of 60 segments" in _printed(tables.segments_table(segments))
    card = _printed(
        tables.key_value_table("card", {"name": "[b]x", "quality": {"pck": 0.61234, "on": ["a", "b"]}})
    )
    assert "[b]x" in card and "0.6123" in card and "a, b" in card
    assert "12.5" in _printed(tables.columns_table("all", [{"name": "a", "ms": 12.5}, {"name": "b"}]))
