"""The page docs/bench.md, written from the results; a section that was never measured says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markup import table
from peers_page import peers_text

HEAD = """# Speed, memory and joint distance

Written by `bench/main.py`, `bench/peers.py` and `bench/joints.py` from `bench/results/latest.json`; do not
edit by hand. Times depend on the machine, so each table says where and when it was measured, and no test
asserts one. Medians unless said otherwise.
"""


def made_text(made: dict[str, Any]) -> str:
    """Where and when, in a line."""
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return (
        f"*{made['date']}; {made['cpu']}, {made['cores']} cores, load {made['busy_before']} at the start; "
        f"{made['system']}; {versions}. Command: `{made['command']}`*"
    )


def _speed(section: dict[str, Any]) -> str:
    rows = section["rows"]
    decode = section.get("decode_fps")
    body = table(
        ("`bodyverb run`", "frames/s", "slowest run", "frames/s without start-up", "share of pure decoding"),
        [
            (
                row["variant"],
                f"**{row['fps']:.1f}**",
                f"{row['fps_worst']:.1f}",
                f"{row['fps_without_start']:.1f}",
                f"{row['fps'] / decode:.0%}" if decode else "-",
            )
            for row in rows
        ],
    )
    names = list(dict.fromkeys(stage for row in rows for stage in row["stages_s"]))
    stages = table(
        ("seconds in", *(row["variant"] for row in rows)),
        [(name, *(f"{row['stages_s'].get(name, 0.0):.2f}" for row in rows)) for name in names],
    )
    return (
        f"{section['clip']}: {rows[0]['frames']} frames, every one through the pose network; whole "
        f"processes, start-up and loading included, {rows[0]['repeats']} of each. "
        f"Networks: {section['nets']}. "
        f"Pure decoding of the same file beside it (no RGB conversion): {decode:.0f} frames/s. "
        f"People found: {rows[0]['people']}; verbs: {', '.join(rows[0]['verbs']) or 'none'}.\n\n{body}\n\n"
        "Find and pose are parts of the first pass; decoding overlaps with both, encoding with drawing. What "
        "is left of the first pass is tracking, the journal and waiting for the decoder.\n\n"
        f"{stages}"
    )


def _stages(section: dict[str, Any]) -> str:
    each = dict(section["ms_a_frame"])
    gap = each.pop("frames between two finds", None)
    decode = each.pop("decode alone")
    whole = sum(each.values())
    rows = [
        (name, f"{ms:.2f}", f"{ms / whole:.0%}", f"{1000 / ms:.0f}" if ms > 0 else "-")
        for name, ms in each.items()
    ]
    rows.append(("**all**", f"**{whole:.2f}**", "100%", f"{1000 / whole:.0f}"))
    threads = section["threads"] or "all"
    return (
        f"Each stage alone, {threads} thread(s) of the networks; the finder ran every {gap:.1f} frames on "
        "average and its time is spread over all frames. Decoding alone, which decoding to RGB contains, "
        f"takes {decode:.2f} ms a frame ({1000 / decode:.0f} frames/s): one stage after the other would "
        f"reach {decode / whole:.0%} of it; what a run reaches, whose stages overlap, is in the table "
        "above.\n\n" + table(("stage", "ms a frame", "share", "frames/s if it were all"), rows)
    )


def _networks(section: dict[str, Any]) -> str:
    rows = [
        (
            row["network"].rstrip("/").rsplit("/", 1)[-1],
            row["unit"],
            *(f"{row[f'{kind}_ms_{threads}']:.2f}" for kind in ("graph", "whole") for threads in (1, 2)),
        )
        for row in section["rows"]
    ]
    return (
        "The graph alone, and with what belongs to it (cutting the crop or shrinking the frame, decoding the "
        "output; for verbs cutting the windows), at one and two threads. Verbs are scored in batches of 64 "
        "windows.\n\n"
        + table(("network", "ms per", "graph, 1 thread", "2 threads", "whole, 1 thread", "2 threads"), rows)
    )


def _memory(section: dict[str, Any]) -> str:
    rows = section["rows"]
    first = rows[0]["peak_mib"]
    return f"`bodyverb run`, everything on, {section['clip']}. Networks: {section['nets']}.\n\n" + table(
        ("minutes", "frames", "peak resident MiB", "against the first", "frames/s"),
        [
            (
                row["minutes"],
                row["frames"],
                f"{row['peak_mib']:.0f}",
                f"{row['peak_mib'] / first - 1:+.1%}",
                f"{row['fps']:.1f}",
            )
            for row in rows
        ],
    )


def _startup(section: dict[str, Any]) -> str:
    return f"Fresh processes, {section['repeats']} of each, in turns.\n\n" + table(
        ("what", "seconds", "above bare Python"),
        [
            (f"`{row['what']}`", f"{row['seconds']:.3f}", f"{row['above_python']:.3f}")
            for row in section["rows"]
        ],
    )


def _joints(section: dict[str, Any]) -> str:
    parts = list(section["rows"][0]["by_part"])
    rows = [
        (
            row["video"],
            row["joints"] + (f" ({row['filter']})" if row["joints"] == "smoothed" else ""),
            f"{row['median_px']:.1f}",
            f"**{row['median_share']:.3f}**",
            f"{row['within_02']:.1%}",
            f"{row['missing']:.1%}",
            *(f"{row['by_part'][part]:.3f}" for part in parts),
        )
        for row in section["rows"]
    ]
    seen = {row["video"]: row for row in section["rows"]}
    about = "; ".join(
        f"{video}: {row['frames_of_video']} frames, torso {row['torso_px']:.0f} px, "
        f"people found {row['people']}, verbs {', '.join(row['verbs']) or 'none'}"
        for video, row in seen.items()
    )
    head = ("video", "joints", "median px", "median, torsos", "within 0.2 torso", "missing", *parts)
    return (
        "Distance to the joints that came with the videos: the output of other, larger networks, not motion "
        "capture. Twelve common joints (shoulders to ankles); the torso is the longer diagonal between a "
        f"shoulder and the opposite hip; the last columns are medians in torsos. {about}. "
        f"Networks: {section['nets']}.\n\n" + table(head, rows)
    )


def _readers(section: dict[str, Any]) -> str:
    head = ("reader", "MB/s of a core", "the first is faster by", "in single turns")
    ntu, pku = (
        table(
            head,
            [
                (
                    row["reader"],
                    f"{row['mb_s']:.0f}",
                    f"**{row['times']:.1f}**",
                    f"{row['times_lowest']:.1f} to {row['times_highest']:.1f}",
                )
                for row in section[name]
            ],
        )
        for name in ("ntu", "pku")
    )
    cores = table(
        ("processes", "MB/s by the clock", "MB/s of each core", "of one process alone"),
        [
            (
                row["processes"],
                f"{row['mb_s']:.0f}",
                f"{row['mb_s_core']:.0f}",
                f"{row['mb_s_core'] / section['scaling'][0]['mb_s_core']:.0%}",
            )
            for row in section["scaling"]
        ],
    )
    return (
        f"Megabytes of text in a second of processor time, {section['what']} from the disk's cache, each the "
        f"fastest of many readings; the readers take turns, {section['turns']} each. NTU `.skeleton`:\n\n"
        f"{ntu}\n\n"
        f"PKU-MMD skeleton text:\n\n{pku}\n\nAll fields of NTU files, files shared out to processes:\n\n"
        f"{cores}"
    )


def _store(section: dict[str, Any]) -> str:
    pack = section["packing"]
    lost = pack["done_at_the_kill"] - pack["kept"]
    rows = [
        ("time", f"{pack['seconds']:.0f} s ({pack['megabytes'] / pack['seconds']:.0f} MB/s)"),
        ("processor time", f"{pack['cpu_seconds']:.0f} s"),
        ("peak resident memory of all processes", f"**{pack['peak_mb']:.0f} MB**"),
        ("killed with signal 9: clips done by then", f"{pack['done_at_the_kill']:,}"),
        ("of them lost", f"**{lost:,}**"),
        ("done again", f"**{pack['redone'] / pack['files']:.2%}**"),
        ("store as without the kill, byte by byte", "yes" if pack["same"] else "no"),
    ]
    fills = [
        (
            f"pickle of {row['kind']} in memory",
            f"{row['ms']['store']:.2f}",
            f"{row['ms']['pickle']:.2f}",
            f"**{row['ratio']:.2f}**",
            f"{row['anonymous_mb']['store']:.1f}",
            f"{row['anonymous_mb']['pickle']:.1f}",
            f"**{row['share']:.1%}**",
        )
        for row in section["batches"]
    ]
    head = ("beside", "store, ms", "pickle, ms", "store is faster by", "store, MB", "pickle, MB", "share")
    return (
        f"`bodyverb data pack` of {pack['files']:,} made NTU files, {pack['megabytes']:.0f} MB of text into "
        f"{pack['store_megabytes']:.0f} MB, {pack['jobs']} processes:\n\n"
        + table(("what", "measured"), rows)
        + "\n\nFilling a float32 batch of 64 random clips of 100 frames, 25 joints, 3 numbers: processor "
        "time, taking turns, and anonymous memory (RssAnon) that opening and filling add to a fresh process. "
        "PYSKL's files hold float16.\n\n" + table(head, fills)
    )


SECTIONS: dict[str, tuple[str, str, Callable[[dict[str, Any]], str]]] = {
    "speed": ("Frames a second", "python bench/main.py", _speed),
    "stages": ("Where the time goes", "python bench/main.py", _stages),
    "peers": ("Beside other tools", "python bench/peers.py", peers_text),
    "networks": ("Networks", "python bench/main.py", _networks),
    "memory": ("Memory", "python bench/main.py --memory", _memory),
    "startup": ("Start-up", "python bench/main.py", _startup),
    "joints": ("Distance to golden joints", "python bench/joints.py", _joints),
    "readers": ("Reading skeleton text", "python bench/readers.py", _readers),
    "store": ("Packed stores", "python bench/store.py", _store),
}


def section_text(name: str, section: dict[str, Any]) -> str:
    """One section with its heading."""
    title, _, write = SECTIONS[name]
    return f"## {title}\n\n{write(section)}\n\n{made_text(section['made'])}\n"


def page(latest: dict[str, Any]) -> str:
    """The whole page."""
    parts = [HEAD]
    for name, (title, command, _) in SECTIONS.items():
        if name in latest:
            parts.append(section_text(name, latest[name]))
        else:
            parts.append(f"## {title}\n\nNot measured yet: `{command}`.\n")
    return "\n".join(parts)
