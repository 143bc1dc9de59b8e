"""Freed memory that stays with the process."""

import platform
import subprocess
import sys

import pytest

from bodyverb.train.memory import keep_freed

FAULTS = """
import ctypes, resource
from bodyverb.train.memory import keep_freed
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes, libc.memset.argtypes = [ctypes.c_void_p], [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    place = libc.malloc(64 << 20)
    libc.memset(place, 1, 64 << 20)
    libc.free(place)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
fresh = faults(), faults()
assert keep_freed()
print(*fresh, faults(), faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can")
def test_large_arrays_reuse_the_pages_of_earlier_ones():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    first, second, _, kept = map(int, done.stdout.split())
    assert kept < 0.05 * min(first, second)


def test_other_systems_are_left_as_they_are(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed()
