"""The action lab on the real sets: bodyverb-s by its default recipe, three seeds, single streams, fused.

python bench/lab.py --out RUNS               trains what is not in RUNS yet, then writes docs/results.md
python bench/lab.py --out RUNS --only utd_mhad --seeds 0

The headline is the last epoch: nothing was selected by the test part. The best epoch by the test part, as the
literature reports it, stands beside it. $BODYVERB_DATA names the data.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from clips import needed_root

PAGE = Path(__file__).parent.parent / "docs" / "results.md"
SETS = {
    "nw_ucla": ("NW-UCLA, views 1 and 2 against 3", 464, 443, 456),
    "utd_mhad": ("UTD-MHAD, odd against even subjects", 430, 405, 415),
    "penn_action": ("Penn Action, official split, true poses", 1068, 1036, 1054),
}
"""Data set -> its words, test clips, and the clips aimed at by one stream and fused."""
COMMAND = (
    sys.executable,
    "-c",
    "import sys; from bodyverb.cli.main import main; sys.exit(main(sys.argv[1:]))",
)
STREAMS = ("all", "j", "b", "jm", "bm")


def main() -> None:
    """Train, then write."""
    root = needed_root()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--streams", nargs="+", choices=STREAMS, default=list(STREAMS))
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    for name in given.only:
        for seed in given.seeds:
            train(root / name, given.out, "all", seed, given.threads)
        for stream in given.streams:
            train(root / name, given.out, stream, given.seeds[0], given.threads)
    write(given.out)


def train(data: Path, out: Path, stream: str, seed: int, threads: int) -> None:
    """One run, where it is not there; one that was stopped goes on."""
    run = out / f"{data.name}-{stream}-{seed}"
    if (run / "result.json").is_file():
        return
    command = [*COMMAND, "train", "verbs", "--data", data.name, "--root", str(data), "--out", str(run)]
    command += ["--stream", stream, "--loop.seed", str(seed), "--loop.threads", str(threads), "--best-test"]
    print(run.name, file=sys.stderr)
    subprocess.run([*command, *(["--resume"] if (run / "last.pt").exists() else [])], check=True)


def write(out: Path) -> None:
    """The page between its marks."""
    rows = {path.parent.name: json.loads(path.read_text()) for path in sorted(out.glob("*/result.json"))}
    lines = [
        "| data | clips | aim, one stream | seeds | right, last epoch | accuracy | right, best epoch by the "
        "test part | minutes a run |"
    ]
    lines.append("|---|---:|---:|---|---|---:|---|---:|")
    for name, (words, clips, aim, _) in SETS.items():
        runs = {key: row for key, row in rows.items() if key.startswith(f"{name}-all-")}
        if runs:
            lines.append(_row(out, words, clips, aim, runs))
    lines += ["", "| data | stream | right of | last epoch | accuracy |", "|---|---|---:|---:|---:|"]
    for name, (words, clips, _, aim) in SETS.items():
        lines += [_stream(words, clips, stream, rows[f"{name}-{stream}-0"]) for stream in STREAMS
                  if f"{name}-{stream}-0" in rows]  # fmt: skip
        fused = _fused(out, name, rows)
        if fused is not None:
            right = round(fused["top_1"] * clips)
            lines.append(f"| {words} | fused (aim {aim}) | {clips} | **{right}** | {fused['top_1']:.1%} |")
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- lab -->\n", "<!-- end of lab -->"
    head, rest = text.split(begin, 1)
    PAGE.write_text(head + begin + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1], encoding="utf-8")


def _row(out: Path, words: str, clips: int, aim: int, runs: dict[str, Any]) -> str:
    last = [row["scores"]["test last"]["right"] for row in runs.values()]
    best = [row["scores"]["test best"]["right"] for row in runs.values() if "test best" in row["scores"]]
    minutes = [json.loads((out / key / "environment.json").read_text())["seconds"] / 60 for key in runs]
    mean = statistics.mean(last)
    seeds = ", ".join(key.rsplit("-", 1)[1] for key in runs)
    return (
        f"| {words} | {clips} | {aim} | {seeds} | {', '.join(map(str, last))} | **{mean / clips:.1%}** | "
        f"{', '.join(map(str, best))} | {statistics.median(minutes):.1f} |"
    )


def _stream(words: str, clips: int, stream: str, row: dict[str, Any]) -> str:
    score = row["scores"]["test last"]
    return f"| {words} | {stream} | {clips} | {score['right']} | {score['top_1']:.1%} |"


def _fused(out: Path, name: str, rows: dict[str, Any]) -> dict[str, float] | None:
    there = [stream for stream in STREAMS if f"{name}-{stream}-0" in rows]
    if len(there) < 2:
        return None
    runs = [str(out / f"{name}-{stream}-0") for stream in there]
    done = subprocess.run([*COMMAND, "fuse", *runs, "--json"], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)["overall"]
    return found


if __name__ == "__main__":
    main()
