"""Gathering the verb classifier's clips from the data sets, once, into packed arrays for training and
measuring."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import Clip, PoseSequence
from bodyverb.datasets import cmu_mocap, nw_ucla, penn_action, utd_mhad
from bodyverb.datasets.synth import motions
from bodyverb.train.verbs_data import NEGATIVE, VerbStore

VERBS = penn_action.VERBS
LAYOUT = "penn13"

#: Actions of other sets that show one of the verbs under its own name.
UTD_VERBS = ("bowl", "baseball_swing", "tennis_forehand", "tennis_serve", "squat")
#: Actions that resemble a verb too much to count as unknown (a throw is half a baseball pitch): in no part
#: at all.
LOOKALIKES = ("throw", "pick_up_and_throw")

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One clip on its way into a store."""

    poses: PoseSequence
    label: int
    source: str
    name: str


def part_of_penn(clip: Clip) -> str:
    """The official split; of the training clips every twelfth block of five neighbours is set aside as
    validation."""
    if not clip.meta["train"]:
        return "test"
    return "validation" if (int(clip.id) // 5) % 12 == 3 else "train"


def part_of_utd(clip: Clip) -> str:
    """Odd subjects train, even subjects test."""
    return "train" if int(clip.subject or 0) % 2 else "test"


def part_of_nw_ucla(clip: Clip) -> str:
    """Subjects 1-6 train, 7 validation, 8-10 test, from all views."""
    subject = int(clip.subject or 0)
    return "train" if subject <= 6 else "validation" if subject == 7 else "test"


def part_of_cmu(clip: Clip) -> str:
    """Odd trials train, even trials test."""
    return "train" if int(clip.id.split("_")[1]) % 2 else "test"


def real_items(root: Path) -> Iterator[tuple[str, Item]]:
    """Every usable clip of the four real sets with its part.

    Args:
        root: folder with penn_action/, utd_mhad/, nw_ucla/ and mocap/cmu/.

    Yields:
        (part, item).
    """
    for clip in penn_action.open(root / "penn_action"):
        yield (
            part_of_penn(clip),
            Item(poses=clip.poses, label=VERBS.index(clip.label or ""), source="penn", name=clip.id),
        )
    others: list[tuple[str, Callable[[Clip], str]]] = [("utd", part_of_utd), ("nw_ucla", part_of_nw_ucla)]
    tables = {"utd": utd_mhad.open(root / "utd_mhad"), "nw_ucla": nw_ucla.open(root / "nw_ucla")}
    for source, part in others:
        for clip in tables[source]:
            if clip.label in LOOKALIKES:
                continue
            verb = source == "utd" and clip.label in UTD_VERBS
            label = VERBS.index(clip.label or "") if verb else NEGATIVE
            yield (
                part(clip),
                Item(
                    poses=clip.poses, label=label, source=f"{source}-verbs" if verb else source, name=clip.id
                ),
            )
    for clip in cmu_mocap.open(root / "mocap" / "cmu"):
        yield part_of_cmu(clip), Item(poses=clip.poses, label=NEGATIVE, source="cmu", name=clip.id)


def synth_items(count: int, seed: int, duration_s: float = 5.0, rate_hz: float = 30.0) -> Iterator[Item]:
    """Procedural motions, ``count`` of each name.

    Args:
        count: clips a motion.
        seed: seed of all draws.
        duration_s: length of a cyclic or everyday motion; single actions take 1.5 s to this.
        rate_hz: frame rate.

    Yields:
        Items of source ``synth-verbs`` and ``synth-other``.
    """
    for name in motions.names("all"):
        verb = name in VERBS
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        for number in range(count):
            length = float(rng.uniform(0.5, 1.0)) * duration_s
            poses = motions.motion(name, rng=rng, duration_s=length, rate_hz=rate_hz, layout=LAYOUT)
            yield Item(
                poses=poses,
                label=VERBS.index(name) if verb else NEGATIVE,
                source="synth-verbs" if verb else "synth-other",
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


def build(root: Path, cache: Path, *, synth: int = 60, seed: int = 0) -> dict[str, VerbStore]:
    """Packs all parts, or loads them from the cache.

    Args:
        root: the data's folder.
        cache: folder of the packed files; written where they are missing.
        synth: procedural clips a motion in ``train`` (a tenth of that in the others, from other seeds).
        seed: seed of the procedural motions.

    Returns:
        ``train``, ``validation`` and ``test``.
    """
    paths = {part: cache / f"verbs-{part}-{synth}-{seed}.npz" for part in PARTS}
    if not all(path.exists() for path in paths.values()):
        cache.mkdir(parents=True, exist_ok=True)
        items: dict[str, list[Item]] = {part: [] for part in PARTS}
        for part, item in real_items(root):
            items[part].append(item)
        for number, part in enumerate(PARTS):
            count = synth if part == "train" else max(1, synth // 10)
            items[part].extend(synth_items(count, 1000 * seed + number) if synth else ())
        for part, path in paths.items():
            pack(items[part]).save(path)
    return {part: VerbStore.load(path) for part, path in paths.items()}
