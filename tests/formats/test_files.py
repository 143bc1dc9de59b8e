import json
import os
import subprocess
import sys

import numpy as np
import pytest

from bodyverb.core import OutputError
from bodyverb.formats.files import FolderLock, replacing, replacing_folder, to_json


def test_replacing_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(KeyError), replacing(path) as temporary:
        temporary.write_text("two")
        raise KeyError
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_replacing_folder(tmp_path):
    for text in ("one", "two"):
        with replacing_folder(tmp_path / "made") as folder:
            (folder / text).write_text(text)
    assert [p.name for p in (tmp_path / "made").iterdir()] == ["two"]
    with pytest.raises(KeyError), replacing_folder(tmp_path / "made"):
        raise KeyError
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def test_unwritable_place(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another"), replacing(tmp_path / "file" / "a"):
        pass
    with pytest.raises(OutputError), replacing_folder(tmp_path / "file" / "a"):
        pass
    with pytest.raises(OutputError), FolderLock(tmp_path / "file"):
        pass


def test_lock_refuses_the_second(tmp_path):
    with FolderLock(tmp_path / "out") as lock:
        with pytest.raises(OutputError, match="another run"):
            FolderLock(tmp_path / "out")
        FolderLock(tmp_path / "other").release()
    lock.release()
    assert not (tmp_path / "out" / FolderLock.NAME).exists()
    FolderLock(tmp_path / "out").release()


def test_lock_of_a_dead_process_is_free(tmp_path):
    code = (
        "import os,sys\nfrom bodyverb.formats.files import FolderLock\n"
        "lock=FolderLock(sys.argv[1])\nos._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env={**os.environ}, check=False)
    assert done.returncode == 9
    assert (tmp_path / FolderLock.NAME).exists()
    FolderLock(tmp_path).release()


def test_lock_survives_removal_of_its_folder(tmp_path):
    lock = FolderLock(tmp_path / "out")
    (tmp_path / "out" / FolderLock.NAME).unlink()
    (tmp_path / "out").rmdir()
    lock.release()


def test_plain_json():
    value = {"a": np.float32(1.5), 2: (np.nan, np.inf, np.arange(2)), "p": os, "none": None, "yes": True}
    plain = json.loads(to_json(value))
    assert plain["a"] == 1.5 and plain["2"] == [None, None, [0, 1]] and plain["yes"] is True
    assert np.isnan(json.loads(to_json([np.nan], keep_nan=True))[0])
    assert json.loads(to_json("\udcff\0")) == "\udcff\0"
