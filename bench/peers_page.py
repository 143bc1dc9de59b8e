"""The section of docs/bench.md on other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markup import table

VIDEOS = ("pose_1.mp4", "pose_squats.mp4")

_ABOUT = """{clip}: {frames} frames, every one through everybody's network, decoding included; whole processes
in turns, {turns} of each. CPU is the time of all cores together, memory that of a process and all it starts.

{tools}

{words}

Distance to golden joints, in torsos, of the joints of the timed runs and of one run over pose_squats.mp4; the
last columns are medians of pose_1.mp4. The golden joints are other networks' output: those of pose_1.mp4
are what MoveNet is expected to give, and the knee of the standing leg lies in the thigh, for which every tool
pays; those of pose_squats.mp4 are BlazePose's, the network of MediaPipe, which is compared with itself there.

{errors}

A ratio counts where the joints of pose_1.mp4 are no farther off, in the median and in the mean.

{ratios}"""


def peers_text(section: Mapping[str, Any]) -> str:
    """Frames a second, memory, joint errors and ratios."""
    rows = section["rows"]
    return _ABOUT.format(
        clip=section["clip"],
        frames=rows[0]["frames"],
        turns=section["turns"],
        tools=_tools(rows),
        words="\n".join(f"- {row['name']}: {row['words']}" for row in rows),
        errors=_errors(rows),
        ratios=_ratios(section["ratios"]),
    )


def _tools(rows: Sequence[Mapping[str, Any]]) -> str:
    decode = next((row["fps"] for row in rows if "joints" not in row), None)
    head = (
        "tool",
        "frames/s",
        "slowest to fastest",
        "without start-up",
        "share of decoding alone",
        "CPU ms a frame",
        "peak MiB",
    )
    return table(
        head,
        [
            (
                row["name"],
                f"**{row['fps']:.1f}**",
                f"{min(row['fps_of_turns']):.1f} to {max(row['fps_of_turns']):.1f}",
                f"{row['fps_without_start']:.1f}",
                f"{row['fps'] / decode:.0%}" if decode else "-",
                f"{row['cpu_ms']:.1f}",
                f"{row['peak_mib']:.0f}",
            )
            for row in rows
        ],
    )


def _errors(rows: Sequence[Mapping[str, Any]]) -> str:
    """A row for each kind of joints of each tool; those a user gets come first and have no remark."""
    posed = [row for row in rows if "joints" in row]
    kinds = [
        (row["name"] + (f", {which}" if at else ""), [row["joints"][video][which] for video in VIDEOS])
        for row in posed
        for at, which in enumerate(row["joints"][VIDEOS[0]])
    ]
    parts = list(kinds[0][1][0]["by_part"]) if kinds else []
    what = ("median", "mean", "within 0.2", "missing")
    head = ("joints of", *(f"{video}: {one}" for video in VIDEOS for one in what), *parts)
    return table(
        head,
        [
            (
                name,
                *(cell for error in errors for cell in _cells(error)),
                *(f"{errors[0]['by_part'][part]:.3f}" for part in parts),
            )
            for name, errors in kinds
        ],
    )


def _cells(error: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"**{error['median_share']:.3f}**",
        f"{error['mean_share']:.3f}",
        f"{error['within_02']:.1%}",
        f"{error['missing']:.1%}",
    )


def _ratios(ratios: Sequence[Mapping[str, Any]]) -> str:
    return table(
        ("frames/s of", "over those of", "ratio", "in single turns", "counts"),
        [
            (
                one["of"],
                one["over"],
                f"**{one['ratio']:.2f}**",
                f"{one['lowest']:.2f} to {one['highest']:.2f}",
                "yes" if one["counts"] else "no, its joints are farther off",
            )
            for one in ratios
        ],
    )
