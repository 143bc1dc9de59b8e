"""Measure speed, memory and start-up, and write docs/bench.md.

python bench/main.py                 everything but memory, a few minutes
python bench/main.py --quick         a shorter clip and fewer repeats; prints, writes nothing
python bench/main.py --memory        peak memory of 1 and 30 minutes of video, long
python bench/main.py --only startup  one section
"""

from __future__ import annotations

import argparse
import sys

from clips import bench_clip
from memory import measure_memory
from nets import Nets
from networks import measure_networks
from results import keep
from speed import measure_speed
from stages import measure_stages
from startup import measure_startup

SECTIONS = ("startup", "networks", "stages", "speed")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="12 s of video, few repeats; writes nothing")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 30], help="lengths for --memory")
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="sections to measure"
    )
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes a variant")
    parser.add_argument("--seconds", type=int, default=60, help="length of the clip, a multiple of 4")
    parser.add_argument("--pose", default=Nets.pose)
    parser.add_argument("--detector", default=Nets.detector)
    parser.add_argument("--verbs", default=Nets.verbs)
    return parser.parse_args()


def main() -> int:
    """Measure and write."""
    given = parse()
    nets, write = Nets(given.pose, given.detector, given.verbs), not given.quick
    repeats = 1 if given.quick else given.repeats
    if given.memory:
        print("memory ...", file=sys.stderr)
        rows = measure_memory(nets, tuple(given.minutes))
        clip = bench_clip(60 * given.minutes[0])[1].split(", looped")[0]
        print(keep("memory", {"nets": nets.words(), "clip": clip, "rows": rows}, write=write))
        return 0
    clip, words = bench_clip(12 if given.quick else given.seconds)
    for name in given.only:
        print(f"{name} ...", file=sys.stderr)
        if name == "startup":
            count = 5 if given.quick else 15
            content = {"rows": measure_startup(count), "repeats": count}
        elif name == "networks":
            content = {"rows": measure_networks(clip, nets, 20 if given.quick else 100)}
        elif name == "stages":
            content = measure_stages(clip, nets, None, repeats)
        else:
            content = {"nets": nets.words(), "clip": words, **measure_speed(clip, nets, repeats)}
        print(keep(name, content, write=write))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
