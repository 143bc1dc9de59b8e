"""Size and speed of verb networks on the same made-up clips, here and now."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bodyverb import models
from bodyverb.core import InputError, Skeleton
from bodyverb.infer import load
from bodyverb.models._count import count
from bodyverb.train.export import export_onnx

NAMES = ("position", "score", "seconds")


@dataclass(frozen=True, kw_only=True)
class Clips:
    """What every network gets.

    Attributes:
        skeleton: Joint layout.
        dims: 2 or 3.
        persons: In a clip.
        frames: Of a clip.
        batch: Clips at a time.
        classes: Verbs to tell apart.
    """

    skeleton: Skeleton
    dims: int
    persons: int
    frames: int
    batch: int
    classes: int

    def __post_init__(self) -> None:
        """Refuse numbers that make no clip.

        Raises:
            InputError: one is less than 1.
        """
        for name in ("dims", "persons", "frames", "batch", "classes"):
            if getattr(self, name) < 1:
                raise InputError(f"Expected {name} of 1 or more, got {getattr(self, name)}; change it")

    def network(self, name: str) -> nn.Module:
        """A network of this name with random weights.

        Raises:
            InputError: there is none, or it does not take these clips.
        """
        torch.manual_seed(0)
        module = models.get(name)
        built: nn.Module = module.build(
            module.Config(), self.skeleton, self.classes, dims=self.dims, persons=self.persons
        )
        return built

    def draw(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Position, score and seconds of random walks."""
        draw = torch.Generator().manual_seed(0)
        shape = batch, self.persons, self.frames, len(self.skeleton), self.dims
        position = torch.randn(shape, generator=draw).cumsum(dim=2)
        seconds = torch.arange(self.frames) / 30.0
        return position, torch.ones(shape[:-1]), seconds[None].repeat(batch, 1)


class _Bench:
    """One network, ready to train, to run in torch and to run in onnxruntime."""

    def __init__(self, name: str, clips: Clips, threads: int, precision: str, folder: Path) -> None:
        self.inputs = clips.draw(clips.batch)
        self.size = count(clips.network(name), *clips.draw(1))
        self.train = Training(clips.network(name), clips, precision)
        self.network = clips.network(name).eval()
        file = _exported(name, clips, folder)
        self.session = load(str(file), "verbs", device="cpu", threads=threads)
        self.arrays = {key: value.numpy() for key, value in zip(NAMES, self.inputs, strict=True)}

    def infer(self) -> None:
        with torch.inference_mode():
            self.network(*self.inputs)

    def onnx(self) -> None:
        self.session.run(self.arrays)


class Training:
    """Training steps of a network: cross-entropy, stochastic gradient descent with momentum."""

    def __init__(self, network: nn.Module, clips: Clips, precision: str) -> None:
        if any(isinstance(part, nn.Conv2d) for part in network.modules()):
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.inputs = network.train(), clips.draw(clips.batch)
        self.half = precision == "bf16-mixed"
        self.label = torch.arange(clips.batch) % clips.classes
        self.optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)

    def step(self) -> None:
        """One step."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            out = self.network(*self.inputs)
            loss = F.cross_entropy((out[0] if isinstance(out, tuple) else out).float(), self.label)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


def measure(
    names: Sequence[str],
    clips: Clips,
    *,
    threads: int = 1,
    rounds: int = 5,
    precision: str = "bf16-mixed",
    say: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """Measure networks; they take turns, and the median of the rounds counts.

    Args:
        names: of verb networks; one that does not take these clips is left out, with a line to `say`.
        clips: what they get.
        threads: of torch and of onnxruntime.
        rounds: how often each is measured.
        precision: of training, as in the training loop; the rest is float32.
        say: where lines go.

    Returns:
        A row a network: parameters, multiply-adds of one clip, clips a second (training, inference in torch
        and in onnxruntime), and MB that training steps and an inference add to a process (None where the
        system does not tell).

    Raises:
        InputError: none of the networks takes these clips.
    """
    if threads < 1 or rounds < 1:
        raise InputError(f"Expected threads and rounds of 1 or more, got {threads} and {rounds}; change them")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with tempfile.TemporaryDirectory() as folder:
            benches = {}
            for name in names:
                say(f"{name}: building and exporting")
                try:
                    benches[name] = _Bench(name, clips, threads, precision, Path(folder) / name)
                except InputError as error:
                    say(f"{name} is left out: {error}")
            if not benches:
                raise InputError("Expected networks that take these clips, got none; change the clips")
            speeds = _speeds(benches, clips.batch, rounds, say)
    finally:
        torch.set_num_threads(before)
    rows = []
    for name, bench in benches.items():
        say(f"{name}: memory")
        memory = _memory(name, clips, threads, precision)
        size = {"parameters": bench.size.parameters, "multiply_adds": bench.size.multiply_adds}
        rows.append({"model": name, **size, **speeds[name], **memory})
    return rows


def _speeds(
    benches: dict[str, _Bench], batch: int, rounds: int, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Clips a second by network and way."""
    ways = {
        name: {"train": bench.train.step, "torch": bench.infer, "onnx": bench.onnx}
        for name, bench in benches.items()
    }
    for each in ways.values():
        for call in each.values():
            call()
    taken: dict[tuple[str, str], list[float]] = {(name, way): [] for name in ways for way in ways[name]}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for name, each in ways.items():
            for way, call in each.items():
                taken[name, way].append(_seconds(call))
    return {
        name: {f"{way}_clips_per_s": batch / statistics.median(taken[name, way]) for way in each}
        for name, each in ways.items()
    }


def _seconds(call: Callable[[], None], least: float = 0.05) -> float:
    """Seconds of a call: the mean of as many as take `least` together."""
    calls, begin = 0, time.perf_counter()
    while True:
        call()
        calls += 1
        spent = time.perf_counter() - begin
        if spent >= least:
            return spent / calls


def _exported(name: str, clips: Clips, folder: Path) -> Path:
    """The network as ONNX for just these clips; a fixed size exports faster and runs no slower."""
    folder.mkdir(parents=True)
    network = clips.network(name).eval()
    inputs = clips.draw(clips.batch)
    with torch.no_grad():
        out = network(*inputs)
    outputs = ("logits", "known")[: len(out) if isinstance(out, tuple) else 1]
    free: list[dict] = [{} for _ in NAMES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = export_onnx(
            network, inputs, folder / "model.onnx", inputs=NAMES, outputs=outputs, dynamic=free
        )
    card = {"name": name, "task": "verbs", "file": file.name, "licence": "random weights", "input": {}}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return file


def _memory(name: str, clips: Clips, threads: int, precision: str) -> dict[str, float | None]:
    """`infer_mb` and `train_mb`: what an inference, then training steps add to a fresh process at most."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_added, (name, clips, threads, precision))


def _added(name: str, clips: Clips, threads: int, precision: str) -> dict[str, float | None]:
    torch.set_num_threads(threads)
    network, inputs = clips.network(name).eval(), clips.draw(clips.batch)
    peaks = [_peak_mb()]
    with torch.inference_mode():
        network(*inputs)
    peaks.append(_peak_mb())
    training = Training(network, clips, precision)
    training.step()
    training.step()
    peaks.append(_peak_mb())
    before, infer, train = peaks
    if before is None or infer is None or train is None:
        return {"train_mb": None, "infer_mb": None}
    return {"train_mb": train - before, "infer_mb": infer - before}


def _peak_mb() -> float | None:
    """Most memory that this process has held, MB; None where the system has no /proc."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    most = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
    return None if most is None else float(most.split()[1]) * 1024 / 1e6
