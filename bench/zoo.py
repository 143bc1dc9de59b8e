"""Every classifier of skeletons on three real sets: trains what is missing, writes the table and its picture.

python bench/zoo.py --out RUNS --models stgcnpp ctrgcn --sets utd_mhad --seeds 0
python bench/zoo.py --out RUNS --write RUNS OTHER     docs/results.md from these folders of runs, too
python bench/zoo.py --out RUNS --speeds               measure size and speed of all networks, now

One budget for all that is not our own design, written in `BUDGETS`, so that two CPU cores can pay it; nothing
was tuned and nothing selected: the last epoch counts. $BODYVERB_DATA names the data.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from clips import needed_root
from lab import COMMAND, PAGE, SETS

from bodyverb import models, skeletons
from bodyverb.models._count import count
from bodyverb.outputs.scatter import Axis, Dot, write_scatter

RESULTS = Path(__file__).parent / "results" / "zoo.json"
PICTURES = PAGE.parent / "images"
PUBLISHED = {
    "stgcn": 87.8, "stgcnpp": 89.3, "aagcn": 89.0, "ctrgcn": 89.6, "msg3d": 89.6, "dgstgcn": 91.2,
    "posec3d": 93.7, "c3d-light": 92.7, "x3d-shallow": 92.1,
}  # fmt: skip
"""PYSKL's joint stream on NTU RGB+D 60, cross-subject, %: graph networks on Kinect's 3D joints, heatmap
networks on 2D joints of HRNet. As published; nothing of it was run here."""
GPU = 2e12
"""Multiply-adds a second that a GPU is assumed to reach in training networks this small: an estimate."""
BUDGETS: dict[str, tuple[str, ...]] = {
    "bodyverb-s": (),
    "": ("--sampling.steps", "32", "--loop.precision", "bf16-mixed", "--loop.epochs", "40"),
}
"""Model -> options of its training; the empty name stands for all others."""


@dataclass
class Cell:
    """A network on a set: right clips, minutes and the settings of its runs."""

    right: list[int] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    budget: str = ""
    network: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Train, measure, write: what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--models", nargs="+", default=[])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--speeds", action="store_true", help="measure size and speed of all networks")
    parser.add_argument("--write", nargs="*", type=Path, help="folders of runs for docs/results.md")
    given = parser.parse_args()
    for seed in given.seeds:
        for name in given.sets:
            for model in given.models:
                train(given.out, model, name, seed, given.threads)
    if given.speeds:
        measure()
    if given.write is not None:
        write([given.out, *given.write])


def train(out: Path, model: str, name: str, seed: int, threads: int) -> None:
    """One run, where it is not there; one that was stopped goes on."""
    run = out / f"{model}-{name}-{seed}"
    if (run / "result.json").is_file():
        return
    words = [*command(model, name, seed, run), "--loop.threads", str(threads)]
    print(run.name, file=sys.stderr, flush=True)
    subprocess.run([*words, *(["--resume"] if (run / "last.pt").exists() else [])], check=True)


def command(model: str, name: str, seed: int, run: Path) -> list[str]:
    """The training of a network on a set."""
    root = needed_root()
    options = [*BUDGETS.get(model, BUDGETS[""]), "--loop.seed", str(seed)]
    return [*COMMAND, "train", "verbs", "--data", name, "--root", str(root / name), "--model", model,
            "--out", str(run), *options]  # fmt: skip


def measure() -> None:
    """Parameters, multiply-adds and speed of one clip of a person of 64 moments, two threads."""
    found: dict[str, Any] = {}
    for layout, dims in (("kinect20", 3), ("penn13", 2)):
        words = [
            "bench",
            "models",
            "--layout",
            layout,
            "--dims",
            str(dims),
            "--persons",
            "1",
            "--frames",
            "64",
        ]
        words += ["--batch", "1", "--classes", "10", "--threads", "2", "--rounds", "5", "--json"]
        done = subprocess.run([*COMMAND, *words], check=True, capture_output=True, text=True)
        report = json.loads(done.stdout)
        for row in report["rows"]:
            found.setdefault(row["model"], {"input": f"{layout}, {dims}D", **row})
        machine = report["machine"]
    RESULTS.write_text(json.dumps({"machine": machine, "rows": found}, indent=1) + "\n", encoding="utf-8")


def gather(folders: list[Path]) -> dict[tuple[str, str], Cell]:
    """Finished runs on the whole training part of a set, by network (and what is not its default) and set."""
    cells: dict[tuple[str, str], Cell] = {}
    for path in sorted({path for folder in folders for path in folder.rglob("result.json")}):
        config = json.loads((path.parent / "config.json").read_text())
        result, task = json.loads(path.read_text()), config["task"]
        name = config["data"]["data"]
        if name not in SETS or "validation" in result["clips"] or config["recipe"]["loop"]["overfit"]:
            continue
        if result["clips"].get("test") != SETS[name][1]:
            continue
        changed = what_differs(task["model"], task["network"])
        if "stream" in changed:
            continue  # they stand in the lab's table
        words = [f"{key}={_word(value)}" for key, value in changed.items()]
        cell = cells.setdefault((" ".join([task["model"], *words]), name), Cell(network=changed))
        cell.right.append(result["scores"]["test last"]["right"])
        spent = json.loads((path.parent / "environment.json").read_text())["seconds"]
        cell.minutes.append(spent / 60)
        cell.budget = f"{config['recipe']['loop']['epochs']} x {config['recipe']['sampling']['steps']}"
    return cells


def what_differs(model: str, network: dict[str, Any]) -> dict[str, Any]:
    """Settings of a network that are not its defaults."""
    default = json.loads(json.dumps(asdict(models.get(model).Config())))
    return {key: value for key, value in network.items() if default.get(key) != value}


def _word(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def size(model: str, network: dict[str, Any]) -> tuple[int, int]:
    """Parameters and multiply-adds of one clip of a person of 64 moments."""
    module = models.get(model)
    flat = 3 not in module.CARD["dims"]
    skeleton, dims = skeletons.get("penn13" if flat else "kinect20"), 2 if flat else 3
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in network.items()}
    built = module.build(module.Config(**values), skeleton, 10, dims=dims, persons=1).eval()
    position = torch.randn(1, 1, 64, len(skeleton), dims)
    found = count(built, position, torch.ones(position.shape[:-1]), torch.arange(64)[None] / 30.0)
    return found.parameters, found.multiply_adds


def write(folders: list[Path]) -> None:
    """The table between its marks, and the picture."""
    speeds = json.loads(RESULTS.read_text())["rows"]
    cells = gather(folders)
    names = sorted({name for name, _ in cells} | set(speeds))
    settings = {name: cell.network for (name, _), cell in cells.items()}
    sizes = {name: size(name.split(" ")[0], settings.get(name, {})) for name in names}
    head = ["network", "NW-UCLA", "UTD-MHAD", "Penn Action", "parameters", "multiply-adds", "CPU ms (ONNX)",
            "epochs x moments, minutes", "PYSKL, NTU60 XSub"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for name in sorted(names, key=lambda name: sizes[name][1]):
        model, _, rest = name.partition(" ")
        own = [cells.get((name, one)) for one in SETS]
        shown = [_accuracy(cell, SETS[one][1]) for cell, one in zip(own, SETS, strict=True)]
        spent = " / ".join(f"{statistics.median(cell.minutes):.0f}" if cell else "-" for cell in own)
        budget = " / ".join(dict.fromkeys(cell.budget for cell in own if cell))
        lines.append(
            f"| [{model}](models/zoo/{model}.md) {rest} | {' | '.join(shown)} | "
            f"{sizes[name][0] / 1e6:.2f} M | {sizes[name][1] / 1e9:.3f} G | {_ms(speeds.get(name))} | "
            f"{f'{budget}, {spent}' if budget else ''} | {PUBLISHED.get(name, '')} |"
        )
    lines += ["", *_missing(cells, sizes)]
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- zoo -->\n", "<!-- end of zoo -->"
    before, rest = text.split(begin, 1)
    PAGE.write_text(before + begin + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1], encoding="utf-8")
    draw(cells, sizes)


def _ms(row: dict[str, Any] | None) -> str:
    return f"{1e3 / row['onnx_clips_per_s']:.1f}" if row else ""


def _accuracy(cell: Cell | None, clips: int) -> str:
    if cell is None:
        return "-"
    mean = statistics.mean(cell.right) / clips
    seeds = len(cell.right)
    return f"{mean:.1%}" + (f" ± {statistics.stdev(cell.right) / clips:.1%} ({seeds})" if seeds > 1 else "")


def _missing(cells: dict[tuple[str, str], Cell], sizes: dict[str, tuple[int, int]]) -> list[str]:
    """What was not trained: the command, and the minutes that a GPU would need by its multiply-adds."""
    clips = {"nw_ucla": (1020, 3), "utd_mhad": (431, 3), "penn_action": (1258, 2)}  # training, axes
    lines = []
    for name, (_, work) in sizes.items():
        able = models.get(name.split(" ")[0]).CARD["dims"]
        gone = [one for one in SETS if (name, one) not in cells and clips[one][1] in able]
        if gone and " " not in name:
            minutes = sum(3 * work / 2 * clips[one][0] * 40 for one in gone) / GPU / 60
            lines.append(f"| {name} | {' '.join(gone)} | {max(0.1, minutes):.1f} |")
    if lines:
        lines = ["| not run: `--models` | `--sets` | GPU minutes, estimated |", "|---|---|---:|", *lines]
    return lines


def draw(cells: dict[tuple[str, str], Cell], sizes: dict[str, tuple[int, int]]) -> None:
    """Accuracy against multiply-adds, a picture a set; what differs from a network's defaults is left out."""
    across, up = Axis(title="multiply-adds of a clip, G", log=True), Axis(title="test clips named right, %")
    for one, (words, clips, _, _) in SETS.items():
        shown = [name for name in sizes if (name, one) in cells]
        dots = [
            Dot(
                name=name.partition(" ")[0] + (" (small)" if " " in name else ""),
                x=sizes[name][1] / 1e9,
                y=100 * statistics.mean(cells[name, one].right) / clips,
            )
            for name in shown
        ]
        write_scatter(PICTURES / f"zoo-{one.replace('_', '-')}.png", words, dots, across, up)


if __name__ == "__main__":
    main()
