"""Gathering the verb classifier's clips from the data sets, once, into packed arrays for training and
measuring."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.datasets import cmu_mocap, nw_ucla, penn_action, utd_mhad
from bodyverb.datasets.synth import motions
from bodyverb.train.verbs_data import NEGATIVE, VerbStore
from bodyverb.train.vocabulary import LEFT_OUT, Vocabulary

LAYOUT = "penn13"
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One clip on its way into a store."""

    poses: PoseSequence
    label: int
    source: str
    name: str


def real_items(root: Path, words: Vocabulary) -> Iterator[tuple[str, Item]]:
    """Every usable clip of the four real sets with its part.

    Args:
        root: folder with penn_action/, utd_mhad/, nw_ucla/ and mocap/cmu/.
        words: the verbs.

    Yields:
        (part, item); source `utd-verbs` for clips of a verb, `utd` for other motion.
    """
    tables = {
        "penn": penn_action.open(root / "penn_action"),
        "utd": utd_mhad.open(root / "utd_mhad"),
        "nw_ucla": nw_ucla.open(root / "nw_ucla"),
        "cmu": cmu_mocap.open(root / "mocap" / "cmu"),
    }
    for source, table in tables.items():
        for clip in table:
            verb = words.verb(source, clip)
            if verb == LEFT_OUT:
                continue
            label = NEGATIVE if verb is None else words.verbs.index(verb)
            kind = source if verb is None or source == "penn" else f"{source}-verbs"
            yield words.parts[source](clip), Item(poses=clip.poses, label=label, source=kind, name=clip.id)


def synth_items(
    count: int, seed: int, words: Vocabulary, duration_s: float = 5.0, rate_hz: float = 30.0
) -> Iterator[Item]:
    """Procedural motions, ``count`` of each name.

    Args:
        count: clips a motion.
        seed: seed of all draws.
        words: the verbs.
        duration_s: length of a cyclic or everyday motion; single actions take 1.5 s to this.
        rate_hz: frame rate.

    Yields:
        Items of source ``synth-verbs`` and ``synth-other``.
    """
    for name in motions.names("all"):
        verb = words.actions["synth"].get(name)
        if verb == LEFT_OUT:
            continue
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        for number in range(count):
            length = float(rng.uniform(0.5, 1.0)) * duration_s
            poses = motions.motion(name, rng=rng, duration_s=length, rate_hz=rate_hz, layout=LAYOUT)
            yield Item(
                poses=poses,
                label=NEGATIVE if verb is None else words.verbs.index(verb),
                source="synth-other" if verb is None else "synth-verbs",
                name=f"{name}-{seed}-{number}",
            )


def pack(items: list[Item]) -> VerbStore:
    """Packs clips: joints by name into the common layout, times from the clip's rate, more than 60 Hz
    thinned out."""
    positions, inferred, lengths, rates, flats = [], [], [], [], []
    for item in items:
        poses, times = item.poses, item.poses.timestamps_s
        if poses.skeleton.joints != skeletons.get(LAYOUT).joints:
            poses, _ = skeletons.convert(poses, LAYOUT)
        rate = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 30.0
        thin = max(1, round(rate / 60))
        position = np.array(poses.position[0, ::thin], np.float32)
        flats.append(position.shape[-1] == 2)
        if flats[-1]:
            position = np.concatenate([position, np.zeros_like(position[..., :1])], axis=-1)
        positions.append(position)
        inferred.append(np.array(poses.state[0, ::thin] == 1))
        lengths.append(len(position))
        rates.append(rate / thin)
    length = np.array(lengths, np.int64)
    return VerbStore(
        position=np.concatenate(positions),
        inferred=np.concatenate(inferred) & np.repeat(np.array(flats), length)[:, None],
        offset=np.concatenate([[0], np.cumsum(length)[:-1]]),
        length=length,
        rate_hz=np.array(rates),
        flat=np.array(flats),
        label=np.array([item.label for item in items], np.int64),
        source=np.array([item.source for item in items]),
        name=np.array([item.name for item in items]),
    )


def build(
    root: Path, cache: Path, words: Vocabulary, *, synth: int = 60, seed: int = 0
) -> dict[str, VerbStore]:
    """Packs all parts, or loads them from the cache.

    Args:
        root: the data's folder.
        cache: folder of the packed files; written where they are missing.
        words: the verbs.
        synth: procedural clips a motion in ``train`` (a tenth of that in the others, from other seeds).
        seed: seed of the procedural motions.

    Returns:
        ``train``, ``validation`` and ``test``.
    """
    paths = {part: cache / f"{words.name}-{part}-{synth}-{seed}.npz" for part in PARTS}
    if not all(path.exists() for path in paths.values()):
        cache.mkdir(parents=True, exist_ok=True)
        items: dict[str, list[Item]] = {part: [] for part in PARTS}
        for part, item in real_items(root, words):
            items[part].append(item)
        for number, part in enumerate(PARTS):
            count = synth if part == "train" else max(1, synth // 10)
            items[part].extend(synth_items(count, 1000 * seed + number, words) if synth else ())
        for part, path in paths.items():
            pack(items[part]).save(path)
    return {part: VerbStore.load(path) for part, path in paths.items()}
