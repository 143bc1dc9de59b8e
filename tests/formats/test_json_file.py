"""Lists of JSON records, read one at a time, with the line to blame."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyverb.core import FormatError
from bodyverb.formats import _json_file

values = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=5
)


@settings(max_examples=15, deadline=None)
@given(
    content=st.lists(st.dictionaries(st.text(), values)),
    indent=st.none() | st.integers(0, 2),
    ascii=st.booleans(),
    chunk=st.integers(1, 40),
)
def test_records_arrive_however_they_are_cut(tmp_path_factory, content, indent, ascii, chunk):
    path = tmp_path_factory.mktemp("json") / "a.json"
    text = json.dumps(content, indent=indent, ensure_ascii=ascii)
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_file, "_CHUNK", chunk)
        found = list(_json_file.records(path))
    assert [record for _, record in found] == content
    for line, _ in found:
        assert "{" in text.split("\n")[line - 1]


@settings(max_examples=15, deadline=None)
@given(
    content=st.dictionaries(st.text(), st.dictionaries(st.text(), values)),
    lists=st.lists(st.lists(values) | st.dictionaries(st.text(), values)),
    chunk=st.integers(1, 40),
)
def test_members_and_lists_arrive_too(tmp_path_factory, content, lists, chunk):
    path = tmp_path_factory.mktemp("json") / "a.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_file, "_CHUNK", chunk)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        assert dict(member for _, member in _json_file.members(path)) == content
        path.write_text(json.dumps(lists), encoding="utf-8")
        assert [entry for _, entry in _json_file.entries(path)] == lists


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', '{"a" {}}', "{1: {}}", '{"a": {}', '{"a": {},}', ""])
def test_what_is_no_object_of_records_is_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=r"Expected .*, got .*line 1.*a\.json"):
        list(_json_file.members(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1"),
        ("{}", "line 1"),
        ("[\n\n3]", "line 3"),
        ("[\n{} {}]", "line 2"),
        ("[\n{},\n\n]", "line 4"),
        ("[\n{}\n", "the end of the file from line 3"),
        ("[]\nx", "line 2"),
        ("[" + "[" * 5000, "line 1"),
        ("[{}, " + '{"a":' * 5000, "RecursionError"),
        ('[{"a": "' + "x" * 300_000 + '"}]', "256 KiB"),
        ('[{"a": 1' + "0" * 5000 + "}]", "ValueError"),
    ],
)
def test_what_is_no_list_of_records_is_refused(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError, match=r"Expected .*a\.json") as caught:
        list(_json_file.records(path))
    assert message in str(caught.value)


def test_dear_records_are_bounded(tmp_path, attempt):
    """Text of which each character becomes an object of 64 bytes."""
    path = tmp_path / "a.json"
    path.write_text('[{"a": [' + "[]," * 700_000 + "[]]}]", encoding="utf-8")
    error, peak = attempt(lambda: list(_json_file.records(path)))
    assert isinstance(error, FormatError)
    assert peak < 4 * path.stat().st_size + 64 * 1024**2
