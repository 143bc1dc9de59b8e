"""What a classifier says of the clips of one part of a data set; in memory, as .npz, CSV and JSON."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb.core import FormatError, InputError
from bodyverb.formats.files import replacing, to_json
from bodyverb.metrics.classification import probability

VERSION = 1
_TEXTS = ("ids", "classes", "subject", "camera")


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Scores of clips; one row a clip, everywhere in the same order.

    Attributes:
        ids: (n) names of the clips, unique.
        label: (n,) int64 index of the right class.
        score: (n, C) float64: the mean over a clip's views (cuts, mirror images) of the log-softmax of the
            logits. With more than one view its exponentials sum to 1 or less; `probability` makes chances.
        classes: (C) names.
        subject: (n) who is seen, "" where that is not known.
        camera: (n) which view, "" where that is not known.
        about: how it was made (model, data set, part, views ...), plain data.

    Raises:
        InputError: the fields do not fit together, or a score is NaN.
    """

    ids: tuple[str, ...]
    label: np.ndarray
    score: np.ndarray
    classes: tuple[str, ...]
    subject: tuple[str, ...]
    camera: tuple[str, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Convert the kinds and check that they agree."""
        for name in _TEXTS:
            object.__setattr__(self, name, tuple(str(word) for word in getattr(self, name)))
        object.__setattr__(self, "label", np.asarray(self.label, np.int64))
        object.__setattr__(self, "score", np.asarray(self.score, np.float64))
        rows, classes = len(self.ids), len(self.classes)
        shapes = (self.label.shape, self.score.shape, len(self.subject), len(self.camera))
        if shapes != ((rows,), (rows, classes), rows, rows):
            raise InputError(
                f"Expected label, score, subject and camera of {rows} clips and {classes} classes, got "
                f"{shapes}; pass one row a clip"
            )
        if len(set(self.ids)) != rows:
            twice = next(name for name in self.ids if self.ids.count(name) > 1)
            raise InputError(f"Expected every clip once, got '{twice}' twice; leave one out")
        if rows and not (self.label.min() >= 0 and self.label.max() < classes):
            raise InputError(f"Expected labels of {classes} classes, got {sorted(set(self.label.tolist()))}")
        broken = [name for name, bad in zip(self.ids, np.isnan(self.score).any(axis=1), strict=True) if bad]
        if broken:
            raise InputError(
                f"Expected finite scores, got NaN for {len(broken)} clips, the first: {broken[0]}; "
                "the network is broken: train it anew"
            )

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.ids)

    @property
    def named(self) -> np.ndarray:
        """(n,) int64 index of the class with the highest score; the first of equal ones."""
        return self.score.argmax(axis=1)

    def take(self, rows: Sequence[int] | np.ndarray) -> Predictions:
        """Those of some rows, in that order."""
        rows = np.asarray(rows, np.int64)
        pick = lambda texts: tuple(texts[row] for row in rows)  # noqa: E731
        return Predictions(
            ids=pick(self.ids),
            label=self.label[rows],
            score=self.score[rows],
            classes=self.classes,
            subject=pick(self.subject),
            camera=pick(self.camera),
            about=self.about,
        )

    def save(self, path: str | Path) -> Path:
        """Write as .npz.

        Raises:
            OutputError: the file cannot be written.
        """
        arrays = {name: np.array(getattr(self, name), dtype=np.str_) for name in _TEXTS}
        arrays |= {"version": np.array(VERSION), "label": self.label, "score": self.score}
        arrays["about"] = np.array(to_json(self.about))
        with replacing(path) as temporary, temporary.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)
        return Path(path)

    @staticmethod
    def load(path: str | Path) -> Predictions:
        """Read such a file; nothing in it is executed.

        Raises:
            InputError: there is no such file.
            FormatError: it is damaged, of another version, or something else.
        """
        try:
            with Path(path).open("rb") as handle, np.load(handle, allow_pickle=False) as file:
                parts = {name: file[name] for name in ("version", "label", "score", "about", *_TEXTS)}
            version, about = int(parts.pop("version")), json.loads(str(parts.pop("about")))
        except FileNotFoundError:
            raise InputError(f"Expected a file of predictions, got none; evaluate first: {path}") from None
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise FormatError(
                f"Expected predictions as .npz, got {type(error).__name__} ({error}); evaluate anew: {path}"
            ) from None
        if version != VERSION:
            raise FormatError(
                f"Expected predictions of version {VERSION}, got {version}; evaluate anew: {path}"
            )
        try:
            return Predictions(about=about, **parts)
        except InputError as error:
            raise FormatError(f"{error}: {path}") from None

    def write_csv(self, path: str | Path) -> Path:
        """Write a table: id, class, named, right (1 or 0), confidence, subject, camera, and a column `p:NAME`
        with the chance of each class.

        Raises:
            OutputError: the file cannot be written.
        """
        chances, named = probability(self.score), self.named
        columns = ["id", "class", "named", "right", "confidence", "subject", "camera"]
        with (
            replacing(path) as temporary,
            temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as handle,
        ):
            table = csv.writer(handle, lineterminator="\n")
            table.writerow([*columns, *(f"p:{name}" for name in self.classes)])
            for row, name in enumerate(self.ids):
                right = int(named[row] == self.label[row])
                verbs = (self.classes[self.label[row]], self.classes[named[row]])
                numbers = [f"{chance:.6f}" for chance in (chances[row, named[row]], *chances[row])]
                table.writerow(
                    [name, *verbs, right, numbers[0], self.subject[row], self.camera[row], *numbers[1:]]
                )
        return Path(path)

    def to_json(self) -> str:
        """The same as JSON: `about`, `classes` and `clips`, each with its `probabilities` by class order."""
        chances, named = probability(self.score), self.named
        clips = [
            {
                "id": name,
                "class": self.classes[self.label[row]],
                "named": self.classes[named[row]],
                "right": bool(named[row] == self.label[row]),
                "confidence": round(float(chances[row, named[row]]), 6),
                "subject": self.subject[row],
                "camera": self.camera[row],
                "probabilities": np.round(chances[row], 6),
            }
            for row, name in enumerate(self.ids)
        ]
        return to_json({"about": self.about, "classes": self.classes, "clips": clips})

    def write_json(self, path: str | Path) -> Path:
        """Write `to_json`.

        Raises:
            OutputError: the file cannot be written.
        """
        with replacing(path) as temporary:
            temporary.write_text(self.to_json() + "\n", encoding="utf-8")
        return Path(path)
