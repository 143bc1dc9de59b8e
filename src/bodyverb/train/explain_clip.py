"""A clip of a data set or of a file of poses, and what in it made a classifier say what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bodyverb import skeletons
from bodyverb.core import Clip, InputError, PoseSequence
from bodyverb.datasets import _pose_files
from bodyverb.datasets._table import ClipTable
from bodyverb.metrics.classification import probability
from bodyverb.outputs.strips import Strip
from bodyverb.recognize.explain import Explanation, explain
from bodyverb.recognize.windows import spans
from bodyverb.train.clips import Clips, gather
from bodyverb.train.lab_data import open_table
from bodyverb.train.part_clips import data_settings, fitted
from bodyverb.train.predict import predict
from bodyverb.train.sampling import batch, moments
from bodyverb.train.trained import Trained

LONGEST_S = 10.0
"""Poses of a file that are longer are cut into windows where the classifier names no length."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explained:
    """A clip, its explanation, and the clip as the classifier saw it.

    Attributes:
        name: of the clip; with a file, of the window that was explained.
        label: its right class; None where nobody says.
        found: the explanation.
        position: (time, person, joint, 2|3).
        seconds: (time,).
        trained: the classifier.
    """

    name: str
    label: str | None
    found: Explanation
    position: np.ndarray
    seconds: np.ndarray
    trained: Trained

    @property
    def named(self) -> str:
        """The class that is named."""
        return self.trained.classes[int(self.found.chances.argmax())]

    @property
    def target(self) -> str:
        """The class that is explained."""
        return self.trained.classes[self.found.target]

    def strip(self) -> Strip:
        """The figures with what each joint did."""
        chances = self.found.chances
        notes = [f"named {self.named.replace('_', ' ')} ({chances.max():.1%})"]
        if self.target != self.named:
            notes.append(f"explained {self.target.replace('_', ' ')} ({chances[self.found.target]:.1%})")
        notes += [f"is {self.label.replace('_', ' ')}"] if self.label else []
        return Strip(
            position=self.position,
            seconds=self.seconds,
            skeleton=self.trained.skeleton,
            title=self.name,
            notes=[*notes, "red spoke for it, blue against it"],
            heat=self.found.heat,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; drops are falls of the log-odds in nats without that part."""
        edges = [*self.seconds[self.found.edges[:-1]].tolist(), float(self.seconds[-1])]
        return {
            "model": self.trained.name,
            "clip": self.name,
            "class": self.label,
            "named": self.named,
            "explained": self.target,
            "probabilities": dict(zip(self.trained.classes, self.found.chances.tolist(), strict=True)),
            "joints": dict(zip(self.trained.skeleton.joints, self.found.joints.tolist(), strict=True)),
            "moments": [
                {"start_s": start, "end_s": end, "drop": float(drop)}
                for start, end, drop in zip(edges, edges[1:], self.found.moments, strict=False)
            ],
            "parts": self.found.parts,
        }


def explained(
    trained: Trained, clip: str, given: Mapping[str, Any], *, target: str = "", blocks: int = 8
) -> Explained:
    """Explain what a classifier says of a clip.

    Args:
        trained: the classifier.
        clip: an id of the data set, or a file of poses; of long ones the surest window is taken.
        given: options that say which data, as for `part_clips.data_settings`.
        target: the class to explain; the one that is named by default.
        blocks: of time.

    Raises:
        InputError: there is no such clip or class, or they do not fit the classifier.
    """
    if target and target not in trained.classes:
        shown = ", ".join(trained.classes)
        raise InputError(f"Expected a class of {shown}, got '{target}'; correct --target")
    path = Path(clip)
    clips, label = _of_file(trained, path, given) if path.is_file() else _of_data(trained, clip, given)
    made = predict(trained.classify, clips, trained.sampling)
    row = np.array([int(probability(made.score).max(axis=1).argmax())])
    inputs = batch(clips, row, moments(clips, row, trained.sampling, None))
    arrays = {name: inputs[name].numpy() for name in ("position", "score", "seconds")}
    found = explain(
        lambda some: trained.classify({name: torch.from_numpy(value) for name, value in some.items()}),
        arrays,
        trained.skeleton,
        target=trained.classes.index(target) if target else None,
        blocks=blocks,
    )
    return Explained(
        name=clips.ids[int(row[0])],
        label=label,
        found=found,
        position=np.swapaxes(arrays["position"][0], 0, 1),
        seconds=arrays["seconds"][0],
        trained=trained,
    )


def _of_data(trained: Trained, clip: str, given: Mapping[str, Any]) -> tuple[Clips, str | None]:
    """A clip of a data set."""
    settings = data_settings(trained, given)
    table = open_table(settings)
    if clip not in table.ids:
        example = f", such as {table.ids[0]}" if len(table.ids) else ""
        raise InputError(
            f"Expected a clip of {settings.data}{example}, or a file of poses, got neither; see `bodyverb "
            f"data stats {settings.data}`: {clip}"
        )
    layout = "" if settings.data == "pyskl" else settings.layout
    clips = gather(table, [clip], layout=layout or None, persons=trained.persons)
    return fitted(trained, clips), clips.classes[int(clips.label[0])]


def _of_file(trained: Trained, path: Path, given: Mapping[str, Any]) -> tuple[Clips, str | None]:
    """The windows of everybody in a file of poses."""
    poses = _pose_files.read(path, layout=given.get("layout") or None, rate_hz=given.get("fps") or None)
    longest = trained.window_s or LONGEST_S
    if poses.skeleton.joints != trained.skeleton.joints:
        poses = skeletons.convert(poses, trained.skeleton)[0]
    cuts: dict[str, PoseSequence] = {}
    for person, name in enumerate(poses.person_ids if trained.persons == 1 else ("",)):
        one = poses.select(persons=[person]) if trained.persons == 1 else poses
        there = np.flatnonzero(one.present.any(axis=(0, 2)))
        if not len(there):
            continue
        times = one.timestamps_s
        for start, end in spans(float(times[there[0]]), float(times[there[-1]]), longest, longest / 4):
            frames = (times >= start - 1e-9) & (times <= end + 1e-9)
            who = f", person {name}" if poses.persons > 1 and name else ""
            cuts[f"{path.name}{who}, {start:.2f} to {end:.2f} s"] = one.select(frames=frames)
    if not cuts:
        raise InputError(f"Expected poses of somebody, got nobody; choose another file: {path}")
    table = ClipTable(
        ids=tuple(cuts),
        classes=trained.classes,
        splits={},
        load=lambda key: Clip(id=key, poses=cuts[key], label=trained.classes[0]),
    )
    return fitted(trained, gather(table, table.ids, persons=trained.persons)), None
