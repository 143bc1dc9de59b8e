"""PKU-MMD, phase 1: 1,076 untrimmed Kinect v2 recordings of 51 actions from three views, 21,545 labelled
stretches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from bodyverb.core import Clip, InputError, PoseSequence, Segment
from bodyverb.datasets._files import ENDS, find
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import pku_text
from bodyverb.formats.pku_text import RATE_HZ, PkuLabel

CLASSES = (
    "bow", "brush_hair", "brush_teeth", "check_time", "cheer_up", "clap", "cross_hands_in_front",
    "drink_water", "drop", "eat_meal", "fall", "give_something", "wave_hand", "shake_hands", "hop",
    "hug_someone", "jump_up", "kick_someone", "kick_something", "phone_call", "pat_back_of_someone",
    "pick_up", "play_with_phone", "point_at_someone", "point_to_something", "punch_someone", "push_someone",
    "put_on_hat", "put_into_pocket", "read", "rub_hands", "salute", "sit_down", "stand_up", "take_off_hat",
    "take_off_glasses", "take_off_jacket", "take_out_of_pocket", "take_selfie", "tear_up_paper", "throw",
    "touch_back", "touch_chest", "touch_head", "touch_neck", "type_on_keyboard", "fan_oneself",
    "put_on_jacket", "put_on_glasses", "wipe_face", "write",
)  # fmt: skip
PAIRS = frozenset((12, 14, 16, 18, 21, 24, 26, 27))
"""Numbers of the actions of two people."""
BACKGROUND = "background"
TEST_RECORDINGS = range(291, 335)
PUBLISHED = {
    "clips": 1076, "cross-subject/train": 944, "cross-subject/test": 132, "cross-view/train": 717,
    "cross-view/test": 359,
}  # fmt: skip
TURNS = {"L": 0.8, "M": 0.0, "R": -0.8}
"""Where the three sensors stand round made people, rad."""
NAME = re.compile(r"(\d{4})-([LMR])")
Texts = Mapping[str, Callable[[], bytes]]
_HEAD_BYTES = 64

CARD = {
    "name": "pku_mmd",
    "title": "PKU-MMD, phase 1",
    "licence": "no explicit licence for the data; research use, cite the paper",
    "citation": "Liu, Hu, Li, Song and Liu, PKU-MMD: A Large Scale Benchmark for Continuous Multi-Modal "
    "Human Action Understanding, arXiv 1703.07475, 2017",
    "files": "NNNN-L.txt, NNNN-M.txt, NNNN-R.txt: skeletons and labels, told apart by what is in them, "
    "in folders (any depth) or archives (.zip, .tar.xz, .tar.gz)",
    "splits": "`cross-subject`: recordings 291 to 334 test; `cross-view`: L and R train, M test",
    "classes": CLASSES,
    "skeleton": "kinect25",
}


def open(root: str | Path, *, background: bool = False, cut: bool = False) -> ClipTable:
    """Opens the recordings.

    Args:
        root: a folder with the skeleton and the label files, or archives of them; or one archive.
        background: stretches without an action become segments `background`, a further class.
        cut: a clip is one labelled stretch of a recording, with a label (`0002-L.001`, numbered as in the
            file); its background then ends with the last action.

    Returns:
        The clips: 3D poses of two persons in metres, axes ``kinect``, with segments in seconds. An action of
        one person counts as that of person `0`, of two as `0+1`. A row that ends before it starts is left
        out; the `meta` says how many there are (`dropped_rows`).

    Raises:
        InputError: nothing is there.
    """
    skeletons, rows = _texts(Path(root))
    if not skeletons:
        raise InputError(f"Expected skeleton files like 0002-L.txt, got none; point --root at them: {root}")

    @lru_cache(maxsize=2)
    def recording(key: str) -> Clip:
        if key not in skeletons:
            raise InputError(f"Expected one of {len(skeletons)} recordings, got '{key}'; see the table's ids")
        poses = pku_text.read(f"{key}.txt", data=skeletons[key]())
        return _recording(key, poses, _labels(key, rows), background)

    parts: dict[str, tuple[str, Segment]] = {}
    if cut:
        for key in skeletons:
            parts.update(_parts(key, _labels(key, rows), background))

    def piece(name: str) -> Clip:
        if name not in parts:
            raise InputError(f"Expected one of {len(parts)} clips, got '{name}'; see the table's ids")
        return _piece(name, recording(parts[name][0]), parts[name][1])

    ids = tuple(parts) if cut else tuple(skeletons)
    return ClipTable(
        ids=ids,
        classes=(*CLASSES, BACKGROUND) if background else CLASSES,
        splits=_splits(ids),
        load=piece if cut else recording,
        published={} if cut else PUBLISHED,
    )


def labels(root: str | Path) -> dict[str, tuple[PkuLabel, ...]]:
    """The rows of every label file, as they are, by recording; also of those without a skeleton file.

    Raises:
        InputError: nothing is there, or a file is broken.
    """
    rows = _texts(Path(root))[1]
    return {key: _labels(key, rows) for key in rows}


def segments_of(rows: Iterable[PkuLabel]) -> tuple[Segment, ...]:
    """Label rows as segments in time, without those that end before they start.

    Raises:
        InputError: a row names no action of the data set.
    """
    made = []
    for row in rows:
        if not 1 <= row.action <= len(CLASSES):
            raise InputError(
                f"Expected an action from 1 to {len(CLASSES)}, got {row.action}; correct the row"
            )
        if row.end >= row.start:
            made.append(
                Segment(
                    person_id="0+1" if row.action in PAIRS else "0",
                    verb=CLASSES[row.action - 1],
                    start_s=row.start / RATE_HZ,
                    end_s=row.end / RATE_HZ,
                    confidence=min(row.confidence, 2) / 2,
                )
            )
    return tuple(made)


def background_of(segments: Iterable[Segment], until_s: float) -> tuple[Segment, ...]:
    """The stretches from 0 to `until_s` in which there is no segment."""
    made = []
    free_s = 0.0
    spans = sorted((part.start_s, part.end_s) for part in segments)
    for start_s, end_s in [*spans, (until_s, until_s)]:
        if free_s < min(start_s, until_s):
            made.append(Segment(person_id="0", verb=BACKGROUND, start_s=free_s, end_s=min(start_s, until_s)))
        free_s = max(free_s, end_s)
    return tuple(made)


def _recording(key: str, poses: PoseSequence, rows: tuple[PkuLabel, ...], background: bool) -> Clip:
    segments = segments_of(rows)
    rest = background_of(segments, float(poses.timestamps_s[-1])) if background else ()
    return Clip(
        id=key,
        poses=poses,
        segments=tuple(sorted((*segments, *rest), key=lambda part: (part.start_s, part.end_s))),
        camera=key[-1],
        meta={"recording": int(key[:4]), "dropped_rows": len(rows) - len(segments)},
    )


def _parts(key: str, rows: tuple[PkuLabel, ...], background: bool) -> list[tuple[str, tuple[str, Segment]]]:
    """Name, recording and segment of each clip of a cut recording."""
    numbered = [(number, row) for number, row in enumerate(rows, 1) if row.end >= row.start]
    actions = segments_of(row for _, row in numbered)
    made = [(f"{key}.{number:03d}", (key, part)) for (number, _), part in zip(numbered, actions, strict=True)]
    if background:
        rest = background_of(actions, max((part.end_s for part in actions), default=0.0))
        made += [(f"{key}.{BACKGROUND}-{number:03d}", (key, part)) for number, part in enumerate(rest, 1)]
    return made


def _piece(name: str, whole: Clip, part: Segment) -> Clip:
    first, last = round(part.start_s * RATE_HZ), round(part.end_s * RATE_HZ)
    poses = whole.poses.select(frames=slice(first, last + 1))
    if not poses.frames:
        raise InputError(
            f"Expected a label within {whole.poses.frames} frames, got {first} to {last}; check clip {name}"
        )
    meta = {"recording": whole.meta["recording"], "start_s": part.start_s, "confidence": part.confidence}
    return Clip(id=name, poses=poses, label=part.verb, camera=whole.camera, meta=meta)


def _splits(ids: tuple[str, ...]) -> dict[str, dict[str, tuple[str, ...]]]:
    tests: dict[str, Callable[[str], bool]] = {
        "cross-subject": lambda key: int(key[:4]) in TEST_RECORDINGS,
        "cross-view": lambda key: key[5] == "M",
    }
    return {
        split: {
            "train": tuple(key for key in ids if not is_test(key)),
            "test": tuple(key for key in ids if is_test(key)),
        }
        for split, is_test in tests.items()
    }


def _texts(root: Path) -> tuple[Texts, Texts]:
    """Skeleton and label files by recording; labels have commas."""
    skeletons: dict[str, Callable[[], bytes]] = {}
    rows: dict[str, Callable[[], bytes]] = {}
    for key, read, head in _found(root):
        (rows if b"," in head else skeletons)[key] = read
    return dict(sorted(skeletons.items())), dict(sorted(rows.items()))


def _found(root: Path) -> Iterable[tuple[str, Callable[[], bytes], bytes]]:
    """Name, reader and first bytes of every text of a recording: loose or in an archive."""
    if not root.exists():
        raise InputError(f"Expected a folder or an archive, got nothing; check it: {root}")
    for path in sorted(root.rglob("*.txt")) if root.is_dir() else ():
        if NAME.fullmatch(path.stem) and path.is_file():
            with path.open("rb") as handle:
                yield path.stem, path.read_bytes, handle.read(_HEAD_BYTES)
    archives = (
        [path for path in sorted(root.iterdir()) if path.name.endswith(ENDS)] if root.is_dir() else [root]
    )
    for archive in archives:  # one by one, for skeletons and labels have the same names
        files = find(archive, (".txt",))
        for name in files:
            if NAME.fullmatch(Path(name).stem):
                data = files.read(name)
                yield Path(name).stem, data.__bytes__, data[:_HEAD_BYTES]


def _labels(key: str, rows: Texts) -> tuple[PkuLabel, ...]:
    return pku_text.read_labels(f"{key}.txt", data=rows[key]()) if key in rows else ()


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: about how many labelled stretches, each seen from three sides.
    """
    from bodyverb.datasets import _acted

    for number in range(max(2, count // (5 * len(TURNS)))):
        recording = number + 2 if number % 2 == 0 else TEST_RECORDINGS[number // 2]
        clips: list[PoseSequence] = []
        rows = []
        for kind in range(number % 10, len(CLASSES), 10):
            for label, seconds in (("idle", 1.0), (CLASSES[kind], 2.0)):
                clips.append(
                    _acted.acted(label, rng, rate_hz=RATE_HZ, seconds=seconds, person=number, people=2)
                )
            end = sum(clip.frames for clip in clips)
            rows.append(PkuLabel(action=kind + 1, start=end - clips[-1].frames, end=end - 1, confidence=2))
        world = _acted.joined(clips)
        for side, turn in TURNS.items():
            seen = _acted.before_kinect(world, "kinect25", turn=turn)
            name = f"{recording:04d}-{side}.txt"
            pku_text.write(folder / "PKU_Skeleton_Renew" / name, seen)
            pku_text.write_labels(folder / "Train_Label_PKU_final" / name, rows)
