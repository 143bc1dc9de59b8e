"""NTU RGB+D 60 and 120: Kinect v2 skeletons of 60 and 120 actions, three views, one or two people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bodyverb.core import Clip, InputError, PoseSequence
from bodyverb.datasets import _bodies
from bodyverb.datasets._files import Files, find
from bodyverb.datasets._ntu_missing import MISSING
from bodyverb.datasets._table import ClipTable
from bodyverb.formats import ntu_skeleton
from bodyverb.geometry.camera import Camera
from bodyverb.geometry.known_cameras import CAMERAS, COLOR_SIZE

CLASSES = (
    "drink_water", "eat_meal", "brush_teeth", "brush_hair", "drop", "pick_up", "throw", "sit_down",
    "stand_up", "clap", "read", "write", "tear_up_paper", "put_on_jacket", "take_off_jacket", "put_on_shoe",
    "take_off_shoe", "put_on_glasses", "take_off_glasses", "put_on_hat", "take_off_hat", "cheer_up",
    "wave_hand", "kick_something", "reach_into_pocket", "hop", "jump_up", "phone_call", "play_with_phone",
    "type_on_keyboard", "point_to_something", "take_selfie", "check_time", "rub_hands", "nod_or_bow",
    "shake_head", "wipe_face", "salute", "put_palms_together", "cross_hands_in_front", "sneeze_or_cough",
    "stagger", "fall", "touch_head", "touch_chest", "touch_back", "touch_neck", "vomit", "fan_oneself",
    "punch_someone", "kick_someone", "push_someone", "pat_back_of_someone", "point_at_someone",
    "hug_someone", "give_something", "touch_pocket_of_someone", "shake_hands", "walk_towards", "walk_apart",
    "put_on_headphone", "take_off_headphone", "shoot_at_basket", "bounce_ball", "swing_tennis_bat",
    "juggle_table_tennis_balls", "hush", "flick_hair", "thumb_up", "thumb_down", "make_ok_sign",
    "make_victory_sign", "staple_book", "count_money", "cut_nails", "cut_paper", "snap_fingers",
    "open_bottle", "sniff", "squat", "toss_coin", "fold_paper", "ball_up_paper", "play_magic_cube",
    "cream_face", "cream_back_of_hand", "put_on_bag", "take_off_bag", "put_into_bag", "take_out_of_bag",
    "open_box", "move_heavy_objects", "shake_fist", "throw_up_hat", "hands_up", "cross_arms", "arm_circles",
    "arm_swings", "run_on_spot", "butt_kicks", "cross_toe_touch", "side_kick", "yawn", "stretch", "blow_nose",
    "hit_someone_with_object", "wield_knife_at_someone", "knock_someone_over", "grab_from_someone",
    "shoot_at_someone", "step_on_foot", "high_five", "cheers_and_drink", "carry_together",
    "take_photo_of_someone", "follow_someone", "whisper_in_ear", "exchange_things", "support_someone",
    "rock_paper_scissors",
)  # fmt: skip
PAIRS = frozenset((*range(50, 61), *range(106, 121)))
"""Numbers of the actions of two people."""
LSTM8 = (1, 7, 13, 19, 25, 31, 37, 43)
"""Numbers of the eight actions on which the LSTM project trained."""
TRAIN_60 = frozenset((1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38))
TRAIN_120 = TRAIN_60 | frozenset(
    (45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92,
     93, 94, 95, 97, 98, 100, 103)
)  # fmt: skip
NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
ACTIONS_60, SETUPS_60 = 60, 17
PUBLISHED = {
    "60": {
        "clips": 56_578, "xsub/train": 40_091, "xsub/test": 16_487, "xview/train": 37_646,
        "xview/test": 18_932,
    },
    "120": {
        "clips": 113_945, "xsub/train": 63_026, "xsub/test": 50_919, "xset/train": 54_468,
        "xset/test": 59_477,
    },
}  # fmt: skip
"""Clips without those whose skeletons are missing, by subset."""

VIEWS = (0.0, 0.8, -0.8)
"""Where the three sensors stand round made people, rad."""
COLOR = Camera(
    focal=np.array([1063.0, 1063.0]), centre=np.array([959.5, 539.5]), image_size=COLOR_SIZE, axes="kinect"
)
"""A colour camera for made people, where the infrared one is."""

Subset = Literal["60", "120", "lstm8"]
Bodies = Literal["tracked", "file", "pyskl"]
Space = Literal["camera", "ir", "color"]

CARD = {
    "name": "ntu",
    "title": "NTU RGB+D 60 and 120",
    "licence": "on request from ROSE Lab, NTU Singapore: academic research only, no redistribution",
    "citation": "Shahroudy, Liu, Ng and Wang, NTU RGB+D: A Large Scale Dataset for 3D Human Activity "
    "Analysis, CVPR 2016; Liu, Shahroudy, Perez, Wang, Duan and Kot, NTU RGB+D 120, TPAMI 2020",
    "files": "SsssCcccPpppRrrrAaaa.skeleton in a folder (any depth), or the .zip archives as they are given "
    "out",
    "splits": "`xsub`: 20 (NTU 60) or 53 (NTU 120) performers train; `xview` (NTU 60): cameras 2 and 3 "
    "train, 1 test; `xset` (NTU 120): even setups train",
    "classes": CLASSES,
    "skeleton": "kinect25",
}


@dataclass(frozen=True, kw_only=True)
class NtuName:
    """What the name of a clip says, all from 1."""

    setup: int
    camera: int
    performer: int
    replication: int
    action: int


def parse_name(name: str) -> NtuName:
    """Reads a name like `S001C002P003R002A013`.

    Raises:
        InputError: it is another, or of no action of the data set.
    """
    match = NAME.fullmatch(name)
    parts = [int(group) for group in match.groups()] if match else [0]
    if not 1 <= parts[-1] <= len(CLASSES):
        raise InputError(f"Expected a name like S001C002P003R002A013, got '{name}'; check the file's name")
    setup, camera, performer, replication, action = parts
    return NtuName(setup=setup, camera=camera, performer=performer, replication=replication, action=action)


def open(
    root: str | Path,
    *,
    subset: Subset | None = None,
    bodies: Bodies = "tracked",
    space: Space = "camera",
    missing: bool = False,
) -> ClipTable:
    """Opens the clips.

    Args:
        root: a folder with the files, or with the archives as they are given out; or one archive.
        subset: NTU RGB+D `60` or `120`, or the eight classes of the LSTM project (`lstm8`, of NTU 60); by
            default 60 where no file is of the other half.
        bodies: `tracked`: a person is a body followed over changed and swapped ids; `file`: an id of the
            file; `pyskl`: PYSKL's rules against noise, at most two persons.
        space: `camera` (3D, metres) or pixels of the mirrored infrared (`ir`) or colour (`color`) picture.
        missing: keep the clips whose skeletons are published as missing or incomplete.

    Returns:
        The clips; the `meta` of each says its replication, whether its action is one of two people (`pair`),
        and how often a person's id changes (`id_changes`).

    Raises:
        InputError: nothing is there, or an option is none of the above.
    """
    for value, allowed in ((subset, (None, "60", "120", "lstm8")), (bodies, ("tracked", "file", "pyskl")),
                           (space, tuple(ntu_skeleton.SPACES))):  # fmt: skip
        if value not in allowed:
            raise InputError(f"Expected one of {', '.join(map(str, allowed))}, got '{value}'; choose one")
    files = find(Path(root), (".skeleton",))
    names = {key: parse_name(key) for key in (Path(name).stem for name in files) if NAME.fullmatch(key)}
    if not missing:
        names = {key: name for key, name in names.items() if key not in MISSING}
    subset = subset or ("60" if all(map(_of_60, names.values())) else "120")
    chosen = {key: name for key, name in names.items() if subset == "120" or _of_60(name)}
    actions = LSTM8 if subset == "lstm8" else range(1, 61 if subset == "60" else 121)
    chosen = {key: name for key, name in chosen.items() if name.action in actions}

    def load(key: str) -> Clip:
        if key not in chosen:
            raise InputError(f"Expected one of {len(chosen)} clips, got '{key}'; see the table's ids")
        return _clip(files, key, chosen[key], bodies, space)

    return ClipTable(
        ids=tuple(chosen),
        classes=tuple(CLASSES[action - 1] for action in actions),
        splits=_splits(chosen, subset),
        load=load,
        published={} if missing else PUBLISHED.get(subset, {}),
        twice=files.twice,
    )


def _of_60(name: NtuName) -> bool:
    return name.action <= ACTIONS_60 and name.setup <= SETUPS_60


def _splits(names: dict[str, NtuName], subset: Subset) -> dict[str, dict[str, tuple[str, ...]]]:
    performers = TRAIN_120 if subset == "120" else TRAIN_60
    trains = {"xsub": lambda name: name.performer in performers}
    if subset == "120":
        trains["xset"] = lambda name: name.setup % 2 == 0
    else:
        trains["xview"] = lambda name: name.camera != 1
    return {
        split: {
            "train": tuple(key for key, name in names.items() if is_train(name)),
            "test": tuple(key for key, name in names.items() if not is_train(name)),
        }
        for split, is_train in trains.items()
    }


def _clip(files: Files, key: str, name: NtuName, bodies: Bodies, space: Space) -> Clip:
    file = f"{key}.skeleton"
    spaces = ("camera",) if space == "camera" else ("camera", space)
    sequences = ntu_skeleton.read(file, data=files.read(file)).sequences(spaces)
    poses, changes = _arranged(sequences["camera"], sequences[space], bodies)
    return Clip(
        id=key,
        poses=poses,
        label=CLASSES[name.action - 1],
        subject=str(name.performer),
        camera=str(name.camera),
        setup=str(name.setup),
        meta={"replication": name.replication, "pair": name.action in PAIRS, "id_changes": changes},
    )


def _arranged(camera: PoseSequence, poses: PoseSequence, bodies: Bodies) -> tuple[PoseSequence, int]:
    """The poses by person, and how often the id of one changes."""
    if bodies == "file":
        return poses, 0
    made = (_bodies.tracked if bodies == "tracked" else _bodies.pyskl)(camera)
    return made.apply(poses), made.id_changes()


def synth(folder: Path, rng: np.random.Generator, count: int) -> None:
    """Makes a small data set like it, of procedural people.

    Args:
        folder: where its files go, laid out as in the original.
        rng: source of every draw.
        count: how many clips.
    """
    from bodyverb.datasets import _acted

    for one in _acted.plan(count, ACTIONS_60, (1, 3, 2, 6)):
        action, view = one.kind + 1, one.repetition % len(VIEWS)
        people = 2 if action in PAIRS else 1
        world = _acted.acted(
            CLASSES[one.kind], rng, rate_hz=ntu_skeleton.RATE_HZ, seconds=2, people=people, person=one.person
        )
        seen = _acted.before_kinect(world, "kinect25", turn=VIEWS[view])
        seen = seen.replace(person_ids=tuple(f"7205759403793110{at}" for at in range(people)))
        pixels = {
            space: seen.replace(
                position=camera.project(seen.position).astype(np.float32), space="image", unit="px",
                axes="cv", mirrored=True, image_size=camera.image_size,
            )
            for space, camera in (("ir", CAMERAS["ntu-a"]), ("color", COLOR))
        }  # fmt: skip
        repeated = one.repetition // len(VIEWS)
        key = f"S001C{view + 1:03d}P{one.person:03d}R{repeated + 1:03d}A{action:03d}"
        made = ntu_skeleton.from_sequences({"camera": seen, **pixels})
        ntu_skeleton.write(folder / "nturgb+d_skeletons" / f"{key}.skeleton", made)
