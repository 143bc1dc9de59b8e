"""Pickles: plain data arrives as `pickle` would give it; everything else is refused by name and never run."""

import builtins
import os
import pickle
import struct
import subprocess
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bodyverb.core import FormatError
from bodyverb.formats import _pickle_machine, safe_pickle


def same(mine: Any, theirs: Any) -> bool:
    """Equal in type and value, NaN equal to NaN."""
    if isinstance(theirs, np.ndarray):
        if (mine.dtype, mine.shape) != (theirs.dtype, theirs.shape):
            return False
        if theirs.dtype == object:
            return all(map(same, mine.flat, theirs.flat))
        return mine.tobytes() == theirs.tobytes()
    if isinstance(theirs, dict):
        return list(mine) == list(theirs) and all(same(mine[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list | tuple):
        return type(mine) is type(theirs) and len(mine) == len(theirs) and all(map(same, mine, theirs))
    return type(mine) is type(theirs) and (mine == theirs or mine != mine)


rng = np.random.default_rng(0)
VALUES = {
    "numbers": [0, -1, 255, 256, 65536, -(2**31), 2**100, 1e300, float("nan"), float("inf"), True, None],
    "text": ["", "a", "é", "☃", "😀", "\ud800", "x" * 300, "'\"\\\n"],
    "bytes": [b"", b"ab\xff", bytearray(b"q")],
    "containers": [
        (),
        (1,),
        (1, 2, 3, 4),
        [],
        [[]],
        {},
        {"a": {0.5: 1}},
        {("S1", "5"): 2},
        {1, 2},
        frozenset([3]),
    ],
    "scalars": [np.float32(3), np.int64(-4), np.bool_(True), np.float16(0.1)],
    "order": [np.arange(6.0).reshape(2, 3).T, np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2)],
    "kinds": [np.array(["a", "bcd"]), np.array([b"x"]), np.array([True, False]), np.array([1 + 2j])],
    "sizes": [np.zeros((0, 3)), np.array(5.0), np.zeros((0, 2**20, 0))],
    "endian": [
        rng.normal(size=(3, 4)).astype(">f4"),
        rng.normal(size=3).astype("f2"),
        np.arange(3, dtype=">u2"),
    ],
    "objects": [np.array([{1: 2}, [3], None, np.arange(3)], object), np.array({"S1": [np.ones(2)]}, object)],
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", VALUES)
def test_plain_data_arrives(kind, protocol):
    assert same(safe_pickle.loads(pickle.dumps(VALUES[kind], protocol)), VALUES[kind])


def test_shared_arrays_stay_shared():
    array = np.arange(3)
    mine = safe_pickle.loads(pickle.dumps([array, array, {"a": array}], 4))
    assert mine[0] is mine[1] is mine[2]["a"]


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        safe_pickle.loads(pickle.dumps(np.arange(3)))[0] = 1


def test_what_python_2_wrote():
    text = b"(dp1\nS'keypoint'\np2\n(lp3\nF1.5\naI01\naL7L\nasS'caf\\xe9'\np4\nNs."
    assert safe_pickle.loads(text) == {"keypoint": [1.5, True, 7], "café": None}
    array = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03("
        b"K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05(K\x03U\x01<NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00\xc0tb."
    )
    assert safe_pickle.loads(array).tolist() == [1.0, -2.0]


data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(-(2**59), 2**59) | st.floats(allow_nan=False), inner)
    ),
    max_leaves=12,
) | arrays.arrays(
    arrays.scalar_dtypes().filter(lambda t: t.kind in "biufcSU"), arrays.array_shapes(min_side=0)
)


@settings(max_examples=60, deadline=None)
@given(value=data, protocol=st.integers(0, 5))
def test_any_plain_data_arrives(value, protocol):
    assert same(safe_pickle.loads(pickle.dumps(value, protocol)), value)


class Call:
    """Pickles as a call of anything."""

    def __init__(self, function: Any, *args: Any, state: Any = None) -> None:
        self.call = (function, args) if state is None else (function, args, state)

    def __reduce__(self) -> Any:
        return self.call


def named(module: str, name: str, *args: str) -> bytes:
    """A call of any name, whether it exists or not."""
    parts = b"".join(b"\x8c" + bytes([len(arg)]) + arg.encode() for arg in args)
    return b"\x80\x04c" + f"{module}\n{name}\n".encode() + b"(" + parts + b"tR."


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
MINUS = b"J\xff\xff\xff\xff"
F8 = b"cnumpy\ndtype\nX\x02\0\0\0f8\x89\x88\x87R(K\x03X\x01\0\0\0<NNN" + MINUS + MINUS + b"K\x00tb"
O8 = F8.replace(b"f8", b"O8").replace(b"<", b"|")


def array(shape: bytes, kind: bytes = F8, content: bytes = b"C\x08" + b"\0" * 8) -> bytes:
    return b"\x80\x04" + ARRAY + b"(K\x01" + shape + kind + b"\x89" + content + b"tb."


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


NESTED = (
    b"\x80\x04"
    + b"".join(ARRAY + b"(K\x01K\x01\x85" + O8 + b"\x89](" for _ in range(50))
    + b"N"
    + b"etb" * 50
    + b"."
)

# what it does: (the file, what the message names)
MALICIOUS: dict[str, tuple[bytes, str]] = {
    "os.system": (pickle.dumps(Call(os.system, "touch pwned")), "posix.system"),
    "os.system by its public name": (named("os", "system", "touch pwned"), "os.system"),
    "text protocol": (b"cos\nsystem\n(S'touch pwned'\ntR.", "os.system"),
    "eval": (pickle.dumps(Call(eval, "open('pwned', 'w')")), "builtins.eval"),
    "exec": (pickle.dumps(Call(exec, "open('pwned', 'w')")), "builtins.exec"),
    "Python 2 eval": (named("__builtin__", "eval", "open('pwned', 'w')"), "__builtin__.eval"),
    "open": (pickle.dumps(Call(open, "pwned", "w")), "open"),
    "import": (named("builtins", "__import__", "antigravity"), "builtins.__import__"),
    "getattr": (named("builtins", "getattr", "x", "y"), "builtins.getattr"),
    "compile": (named("builtins", "compile", "1", "x", "eval"), "builtins.compile"),
    "breakpoint": (named("builtins", "breakpoint"), "builtins.breakpoint"),
    "subprocess": (pickle.dumps(Call(subprocess.Popen, ["touch", "pwned"])), "subprocess.Popen"),
    "pty": (named("pty", "spawn", "sh"), "pty.spawn"),
    "socket": (named("socket", "create_connection", "host"), "socket.create_connection"),
    "webbrowser": (named("webbrowser", "open", "page"), "webbrowser.open"),
    "runpy": (named("runpy", "run_path", "x.py"), "runpy.run_path"),
    "importlib": (named("importlib", "import_module", "antigravity"), "importlib.import_module"),
    "shutil.rmtree": (named("shutil", "rmtree", "."), "shutil.rmtree"),
    "pickle in pickle": (named("pickle", "loads", "x"), "pickle.loads"),
    "operator": (named("operator", "attrgetter", "system"), "operator.attrgetter"),
    "functools.partial": (named("functools", "partial", "x"), "functools.partial"),
    "ctypes": (named("ctypes", "CDLL", "x.so"), "ctypes.CDLL"),
    "numpy's test runner": (named("numpy.testing._private.utils", "runstring", "x"), "runstring"),
    "numpy.load": (named("numpy", "load", "x.npy"), "numpy.load"),
    "numpy.fromfile": (named("numpy", "fromfile", "/etc/passwd"), "numpy.fromfile"),
    "numpy.f2py": (named("numpy.f2py.diagnose", "run"), "numpy.f2py.diagnose.run"),
    "numpy.memmap": (named("numpy", "memmap", "/etc/passwd"), "numpy.memmap"),
    "torch": (named("torch.storage", "_load_from_bytes", "x"), "torch.storage._load_from_bytes"),
    "a class of bodyverb": (named("bodyverb.core.pose", "PoseSequence"), "bodyverb.core.pose.PoseSequence"),
    "an attribute of a known name": (
        b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
        "ndarray.__class__",
    ),
    "a known name of another module": (named("numpy.core.multiarray", "dtype", "f8"), "multiarray.dtype"),
    "a name that is only touched": (b"\x80\x02cos\nsystem\n0N.", "os.system"),
    "a name hidden in the memo": (b"\x80\x02cposix\nsystem\nq\x000N.", "posix.system"),
    "a name put together on the stack": (
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93.",
        "os.system",
    ),
    "codecs with another codec": (named("_codecs", "encode", "x", "zlib"), "codec"),
    "another codec function": (named("_codecs", "lookup", "x"), "_codecs.lookup"),
    "INST": (b"(S'touch pwned'\nios\nsystem\n.", "os.system"),
    "OBJ": (b"(cnumpy\nndarray\nK\x05o.", "OBJ"),
    "NEWOBJ": (b"\x80\x02cnumpy\nndarray\nK\x05\x85\x81.", "NEWOBJ"),
    "NEWOBJ_EX": (b"\x80\x04cnumpy\nndarray\n)}\x92.", "NEWOBJ_EX"),
    "EXT1": (b"\x80\x02\x82\x01.", "EXT1"),
    "EXT4": (b"\x80\x02\x84\x01\0\0\0.", "EXT4"),
    "persistent id": (b"Psomewhere\n.", "PERSID"),
    "binary persistent id": (b"\x8c\x01xQ.", "BINPERSID"),
    "out-of-band buffer": (b"\x80\x05\x97.", "NEXT_BUFFER"),
    "nested reduce: a call of what a call gave": (b"\x80\x02c__builtin__\nlist\n)R)R.", "a call of a list"),
    "nested reduce within an array": (
        array(b"K\x01\x85", O8, b"](" + named("os", "system", "x")[2:-1] + b"e"),
        "os.system",
    ),
    "a call of text": (b"\x80\x02X\x09\x00\x00\x00os.system)R.", "a call of 'os.system'"),
    "ndarray called to allocate": (
        b"\x80\x02cnumpy\nndarray\n" + number(2**40) + b"\x85\x85R.",
        "numpy.ndarray",
    ),
    "bytearray of a number": (b"\x80\x02c__builtin__\nbytearray\n" + number(2**40) + b"\x85R.", "bytearray"),
    "bytes of a number": (b"\x80\x02c__builtin__\nbytes\n" + number(2**40) + b"\x85R.", "bytes"),
    "the state of a list": (b"\x80\x02]}b.", "that of a list"),
    "the state of a name": (b"\x80\x02cnumpy\nndarray\n}b.", "that of a Name"),
    "a dict of attributes for an array": (b"\x80\x02" + ARRAY + b"}b.", "a dict"),
    "the same array filled twice": (
        array(b"K\x01\x85")[:-1] + b"(K\x01K\x01\x85" + F8 + b"\x89C\x08" + b"\0" * 8 + b"tb.",
        "that of a ndarray",
    ),
    "stack trick: beneath the mark": (b"\x80\x02N(\x85.", "IndexError"),
    "stack trick: nothing there": (b"\x80\x02R.", "IndexError"),
    "stack trick: an unfilled array as data": (b"\x80\x02]" + ARRAY + b"a.", "a part of an array"),
    "stack trick: a bare name as data": (b"\x80\x02]cnumpy\nndarray\na.", "numpy.ndarray"),
    "stack trick: a bare name as result": (b"\x80\x02cnumpy\nndarray\n.", "numpy.ndarray"),
    "stack trick: two values": (b"\x80\x02NN.", "one value"),
    "stack trick: a second pickle behind": (b"\x80\x02N." + named("os", "system", "x"), "bytes more"),
    "2 GB of bytes claimed": (b"\x80\x04\x8e" + struct.pack("<Q", 2**31) + b"x.", "2147483648 bytes more"),
    "2 GB of text claimed": (b"\x80\x04\x8d" + struct.pack("<Q", 2**31) + b"x.", "2147483648 bytes more"),
    "2^63 bytes claimed": (b"\x80\x05\x96" + struct.pack("<Q", 2**63) + b"x.", "bytes more"),
    "a huge frame": (b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.", "a frame of"),
    "a negative length": (b"\x80\x02\x8b\xff\xff\xff\xffN.", "a length"),
    "a huge memo": (b"\x80\x02Nr\xff\xff\xff\x7f.", "memo"),
    "a huge memo in text": (b"Np99999999999\n.", "memo"),
    "a memo never written": (b"\x80\x02h\x07.", "memo"),
    "a 2 GB array of 8 bytes": (array(number(2**28) + b"\x85"), "2147483648 bytes for an array"),
    "a shape that overflows": (array(number(2**61) + number(2**61) + b"\x86"), "bytes for an array"),
    "a negative shape": (array(number(-1) + b"\x85"), "a shape"),
    "objects claimed": (array(number(2**40) + b"\x85", O8, b"]"), "elements of an array"),
    "objects from bytes": (array(b"K\x01\x85", O8), "elements of an array"),
    "arrays within arrays": (NESTED, "arrays of objects within each other"),
    "a dtype with fields": (b"\x80\x02cnumpy\ndtype\nX\x03\0\0\0V16\x89\x88\x87R.", "dtype"),
    "a dtype from a dict": (b"\x80\x02cnumpy\ndtype\n}\x85R.", "dtype"),
    "a dtype with changed size": (b"\x80\x02" + F8.replace(MINUS, b"M\xff\xff") + b".", "dtype"),
    "a scalar of an object": (
        b"\x80\x02cnumpy.core.multiarray\nscalar\n" + O8 + b"C\x08" + b"\0" * 8 + b"\x86R.",
        "one number",
    ),
    "slow keys": (b"\x80\x04}" + b"N\x85" + b"\x86".join([b"2"] * 30) + b"\x86Ns.", "keys"),
    "colliding keys": (
        b"\x80\x04}("
        + b"".join(b"\x8a\x09" + (k * (2**61 - 1)).to_bytes(9, "little") + b"N" for k in range(1, 9))
        + b"u.",
        "keys",
    ),
    "an unknown instruction": (b"\x80\x04\xfe.", "unknown instruction"),
    "a later protocol": (b"\x80\x63N.", "protocol"),
    "not a pickle": (b"PK\x03\x04 zipped", "PERSID"),
}


HARMFUL = (
    (os, ("system", "popen", "execv", "remove")),
    (subprocess, ("Popen", "run")),
    (builtins, ("eval", "exec", "breakpoint", "compile")),
    (pickle, ("load", "loads", "Unpickler")),
    (np, ("load", "fromfile", "memmap")),
)


def harm(*args: object, **more: object) -> None:
    raise AssertionError("the pickle ran something")


@pytest.mark.parametrize("what", MALICIOUS)
def test_malicious_pickles_are_refused_by_name_and_run_nothing(what, tmp_path, monkeypatch, attempt):
    content, name = MALICIOUS[what]
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        for module, functions in HARMFUL:
            for function in functions:
                patch.setattr(module, function, harm)
        error, peak = attempt(lambda: safe_pickle.loads(content, source="evil.pkl"))
    assert isinstance(error, FormatError)
    assert name in str(error)
    assert "at byte" in str(error) and str(error).endswith("evil.pkl")
    assert peak < 1024**2
    assert list(tmp_path.iterdir()) == []


def test_at_least_thirty_of_them():
    assert len(MALICIOUS) >= 30


@pytest.mark.parametrize(
    "content", [b"}" * 4000, b"]" * 4000, b"(" * 4000, b"N2" * 4000, b")" * 4000, b"\x8f" * 4000]
)
def test_small_objects_are_counted(content, monkeypatch):
    monkeypatch.setattr(_pickle_machine, "OBJECT_BYTES", 16 * 1024)
    with pytest.raises(FormatError, match="at most 0 MiB"):
        safe_pickle.loads(b"\x80\x04" + content + b".")


@pytest.mark.parametrize(
    "unit",
    [
        b"}\x94",
        b"]\x94",
        b"K\x01\x85",
        b"}K\x01Ns",
        b"]K\x01a",
        b"](K\x01e",
        b"\x8f(K\x01\x90",
        b"M\xff\xffM\xff\xff",
        b"\x8c\x05\xf0\x9f\x98\x80a",
        b"\x8c\x01a\x94",
        b"(((111N",
        b"C\x01x",
        b"G\0\0\0\0\0\0\0\1",
    ],
)
def test_memory_stays_bounded(unit, monkeypatch, attempt):
    """Nothing but the dearest small objects: four times the file and 64 MiB at most (here a 64th of both)."""
    monkeypatch.setattr(_pickle_machine, "OBJECT_BYTES", _pickle_machine.OBJECT_BYTES // 64)
    content = b"\x80\x04](" + unit * (40_000 // len(unit)) + b"e."
    result, peak = attempt(lambda: safe_pickle.loads(content))
    assert "at most" in str(result) if isinstance(result, FormatError) else len(result) > 1000
    assert peak < 4 * len(content) + 1024**2


SAMPLE = pickle.dumps(
    {
        "split": {"a": ["x"]},
        "annotations": [{"keypoint": np.ones((1, 2, 3, 2), "f2"), "label": 3, "o": VALUES["objects"]}],
    },
    4,
)


def test_every_truncation_is_told():
    for end in range(len(SAMPLE)):
        with pytest.raises(FormatError):
            safe_pickle.loads(SAMPLE[:end])


@settings(max_examples=80, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255)), min_size=1, max_size=4)
)
def test_flipped_bits_raise_or_give_data(flips):
    content = bytearray(SAMPLE)
    for at, mask in flips:
        content[at] ^= mask
    try:
        safe_pickle.loads(bytes(content))
    except FormatError as error:
        assert "at byte" in str(error)


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=200))
def test_noise_raises_or_gives_data(content):
    try:
        safe_pickle.loads(b"\x80\x04" + content)
    except FormatError as error:
        assert "at byte" in str(error)


def test_absent_file(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        safe_pickle.load(tmp_path / "none.pkl")


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name",
    [
        "pyskl/wlasl_test_combined.pkl",
        "pyskl/mmaction2_k400_pose_anno_sample.pkl",
        "format_samples/h36m/cameras.pkl",
    ],
)
def test_real_files_arrive(data_root, name, attempt):
    path = data_root / name
    with path.open("rb") as handle:
        theirs = pickle.load(handle)
    mine, peak = attempt(lambda: safe_pickle.load(path))
    assert same(mine, theirs)
    assert peak < 4 * path.stat().st_size + 1024**2
