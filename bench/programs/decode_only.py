"""Decode a clip with PyAV's threads and do nothing with it: the speed nobody can pass."""

import sys
import time

import av
import numpy as np

clip, out = sys.argv[1:]
begin = time.perf_counter()
with av.open(clip) as container:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    frames = sum(1 for _ in container.decode(stream))
np.savez(out, frames=frames, seconds=time.perf_counter() - begin)
