"""From what was typed to named sources."""

import pytest

from bodyverb.core.errors import InputError
from bodyverb.media import expand


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in (
        "a/clip.mp4",
        "b/clip.mp4",
        "b/clip.mov",
        "b/walk.mkv",
        "p/1.jpg",
        "p/10.jpg",
        "p/2.jpg",
        "q/1.jpg",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stems(*sources, each=False):
    return [item.stem for item in expand(sources, each=each)]


def test_plain_sources(tree):
    items = expand(["b/walk.mkv", "camera:0", "rtsp://host:554/yard", "http://10.0.0.1/", "missing.mp4"])
    assert [i.stem for i in items] == ["walk", "camera0", "yard", "10_0_0_1", "missing"]
    assert [i.source for i in items][:3] == ["b/walk.mkv", "camera:0", "rtsp://host:554/yard"]
    assert all(i.note == "" for i in items)


def test_equal_stems_get_their_folder_and_a_note(tree):
    items = expand(["a/clip.mp4", "b/clip.mp4", "b/walk.mkv"])
    assert [i.stem for i in items] == ["a_clip", "b_clip", "walk"]
    assert "a_clip" in items[0].note and "a/clip.mp4" in items[0].note and items[2].note == ""


def test_equal_stems_in_one_folder_get_their_suffix(tree):
    assert stems("b/clip.mp4", "b/clip.mov", "a/clip.mp4") == ["b_clip_mp4", "b_clip_mov", "a_clip"]


def test_stems_never_meet(tree):
    (tree / "a_clip.mp4").touch()
    (tree / "CLIP.mp4").touch()
    found = stems("a_clip.mp4", "a/clip.mp4", "b/clip.mp4", "CLIP.mp4")
    assert len({stem.casefold() for stem in found}) == 4


def test_the_same_file_twice_is_one(tree):
    assert stems("a/clip.mp4", str(tree / "a" / "clip.mp4")) == ["clip"]


def test_folders_and_patterns(tree):
    assert stems("p") == ["p"] and stems("p/*.jpg") == ["p"]
    assert stems("p", each=True) == ["1", "2", "10"] and stems("p/*.jpg", each=True) == ["1", "2", "10"]
    assert stems("p", "q", each=True) == ["p_1", "2", "10", "q_1"]
    assert stems("b") == ["b_clip_mov", "b_clip_mp4", "walk"]
    assert stems("*/clip.mp4") == ["a_clip", "b_clip"]


def test_the_current_folder_has_a_name(tree, monkeypatch):
    monkeypatch.chdir(tree / "p")
    assert stems(".") == ["p"] and stems("*.jpg") == ["p"]


def test_nothing_found_is_left_to_opening(tree):
    (tree / "void").mkdir()
    assert [i.source for i in expand(["void", "void/*.png"], each=True)] == ["void", "void/*.png"]
    with pytest.raises(InputError, match="got none"):
        expand([])
