"""Measure the verb networks on the same input, here and now: size, speed, memory.

Training steps, inference in torch and inference in onnxruntime, of networks with random weights on made-up
clips; the networks take turns, and the median counts. Needs the extra [train].
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import arg

WIDTH = 120


@dataclass(frozen=True, kw_only=True)
class Command:
    """Options of `bodyverb bench models`."""

    models: Annotated[tuple[str, ...], arg(metavar="NAME...")] = ()
    """Networks to measure; all by default."""
    layout: str = "kinect25"
    """Joint layout: a name, or a file with your own."""
    dims: Literal[2, 3] = 3
    """2 for pixels, 3 for metres."""
    persons: Literal[1, 2] = 2
    """People in a clip."""
    frames: int = 100
    """Moments of a clip."""
    batch: int = 8
    """Clips at a time."""
    classes: int = 60
    """Verbs to tell apart."""
    threads: int = 1
    """CPU threads of torch and onnxruntime."""
    rounds: int = 5
    """How often each is measured."""
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    """Of training, as in `bodyverb train`; inference is float32."""
    out: Path | None = None
    """Folder for models.csv, models.json and the picture models.png."""
    json: bool = False
    """Print JSON instead of a table."""

    def run(self) -> int:
        """Measure, print, write."""
        import sys

        from bodyverb import skeletons
        from bodyverb.core.errors import InputError
        from bodyverb.formats.files import to_json

        try:
            from bodyverb.models import by_task, get
            from bodyverb.train.bench import Clips, measure
            from bodyverb.train.environment import environment
        except ModuleNotFoundError as error:
            raise InputError(
                f"Expected the extra [train], got no {error.name}; pip install 'bodyverb[train]'"
            ) from error
        names = [get(name).CARD["name"] for name in self.models] or list(by_task("verbs"))
        clips = Clips(
            skeleton=skeletons.get(self.layout),
            dims=self.dims,
            persons=self.persons,
            frames=self.frames,
            batch=self.batch,
            classes=self.classes,
        )
        rows = measure(
            names,
            clips,
            threads=self.threads,
            rounds=self.rounds,
            precision=self.precision,
            say=lambda line: print(line, file=sys.stderr),
        )
        what = (
            f"{self.layout}, {self.dims}D, {self.persons} persons, {self.frames} frames, batch {self.batch}, "
            f"{self.threads} threads"
        )
        report = {"input": what, "precision": self.precision, "machine": environment(), "rows": rows}
        if self.out is not None:
            _write(self.out, what, rows, to_json(report, indent=1))
        if self.json:
            print(to_json(report))
        else:
            _show(what, rows)
        return 0


def _show(what: str, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console

    from bodyverb.outputs.tables import columns_table

    shown = [
        {
            "model": row["model"],
            "parameters, M": round(row["parameters"] / 1e6, 3),
            "multiply-adds, G": round(row["multiply_adds"] / 1e9, 3),
            **{f"{way} clips/s": _three(row[f"{way}_clips_per_s"]) for way in ("train", "torch", "onnx")},
            "train MB": _three(row["train_mb"]),
            "infer MB": _three(row["infer_mb"]),
        }
        for row in rows
    ]
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
    console.print(columns_table(what, shown))


def _three(number: float | None) -> float | str:
    return "" if number is None else float(f"{number:.3g}")


def _write(out: Path, what: str, rows: list[dict[str, Any]], report: str) -> None:
    from bodyverb.formats.files import replacing
    from bodyverb.outputs.scatter import Axis, Dot, write_scatter

    with replacing(out / "models.json") as part:
        part.write_text(report + "\n", encoding="utf-8")
    with replacing(out / "models.csv") as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    dots = [
        Dot(
            name=row["model"],
            x=row["multiply_adds"] / 1e6,
            y=row["onnx_clips_per_s"],
            size=row["parameters"],
        )
        for row in rows
    ]
    across = Axis(title="million multiply-adds a clip (area: parameters)", log=True)
    up = Axis(title="clips a second, onnxruntime", log=True)
    write_scatter(out / "models.png", what, dots, across, up)
