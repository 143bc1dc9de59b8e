"""Real poses by layout, read ad hoc from the files of real data: (n, J, 2|3), y down, NaN where not seen."""

import io
import json
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat

from bodyverb.formats import asfamc

# Numbers of COCO's joints and COCO-WholeBody's feet in the order of BODY_25; -1, -2: middle of both sides.
BODY_25 = [0, -1, 6, 8, 10, 5, 7, 9, -2, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3, 17, 18, 19, 20, 21, 22]
MPII_TO_PA = [6, 7, 8, 9, 12, 13, 11, 14, 10, 15, 2, 3, 1, 4, 0, 5]
NTU_TO_PA20 = [0, 20, 2, 3, 8, 4, 9, 5, 10, 6, 11, 7, 16, 12, 17, 13, 18, 14, 19, 15]
TURN = np.array([-1, -1, 1])  # Kinect axes to cv axes, un-mirrored


def members(path: Path, ending: str, count: int) -> list[bytes]:
    """The first files of a tar, decompressing no more than they need."""
    found: list[bytes] = []
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile() and member.name.endswith(ending):
                handle = tar.extractfile(member)
                assert handle is not None
                found.append(handle.read())
                if len(found) == count:
                    break
    return found


def seen(points: Any, joints: int) -> np.ndarray:
    """(n, joints, 2) of flat or nested x, y, flag; NaN where the flag is not above 0."""
    values = np.array(points, float).reshape(-1, joints, 3)
    return np.where(values[..., 2:] > 0, values[..., :2], np.nan)


def document(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def penn13(root: Path) -> np.ndarray:
    labels = (loadmat(io.BytesIO(raw)) for raw in members(root / "penn_action/labels.tar.xz", ".mat", 60))
    return np.concatenate(
        [
            np.where(one["visibility"][..., None] > 0, np.stack([one["x"], one["y"]], -1), np.nan)
            for one in labels
        ]
    )


def lsp14(root: Path) -> np.ndarray:
    with np.load(root / "lspet" / "lspet_train9000.npz") as file:
        return seen(file["joints"], 14)


def coco17(root: Path) -> np.ndarray:
    notes = document(root / "coco_mini/annotations/person_keypoints_train2017.json")["annotations"]
    return seen([note["keypoints"] for note in notes if note["num_keypoints"]], 17)


def kinect20(root: Path) -> np.ndarray:
    files = members(root / "nw_ucla" / "all_sqe_json_1484.tar.xz", ".json", 20)
    return np.concatenate([np.array(json.loads(raw)["skeletons"], float) for raw in files]) * TURN


def utd20(root: Path) -> np.ndarray:
    files = members(root / "utd_mhad" / "skeleton_861.tar.xz", ".mat", 20)
    return np.concatenate([loadmat(io.BytesIO(raw))["d_skel"].transpose(2, 0, 1) for raw in files]) * TURN


def kinect25(root: Path) -> np.ndarray:
    lines = iter((root / "ntu" / "S001C001P001R001A001.skeleton").read_text().split("\n"))
    rows = []
    for _ in range(int(next(lines))):
        for _ in range(int(next(lines))):
            next(lines)
            rows.append([[float(word) for word in next(lines).split()[:3]] for _ in range(int(next(lines)))])
    return np.array(rows) * TURN


def mpii16(root: Path) -> np.ndarray:
    people = document(root / "format_samples" / "mpii" / "test_mpii.json")
    return np.array(
        [np.where(np.array(one["joints_vis"])[:, None] > 0, one["joints"], np.nan) for one in people], float
    )


def h36m17(root: Path) -> np.ndarray:
    with np.load(root / "format_samples" / "h36m" / "test_h36m_body3d.npz") as file:
        return file["S"][..., :3]


def hemlets18(root: Path) -> np.ndarray:
    poses = h36m17(root)
    return np.concatenate([poses, poses[:, [11, 14]].mean(axis=1, keepdims=True)], axis=1)


def blazepose33(root: Path) -> np.ndarray:
    frames = document(root / "videos" / "tfjs_pose_squats" / "pose_squats.full.json")
    return np.array([frame for frame in frames if frame], float)[..., :2]


def wholebody(root: Path) -> list[dict[str, Any]]:
    path = root / "format_samples" / "coco" / "test_coco_wholebody.json"
    people: list[dict[str, Any]] = document(path)["annotations"]
    return people


def openpose25(root: Path) -> np.ndarray:
    flat = [[*one["keypoints"], *one["foot_kpts"]] for one in wholebody(root)]
    return _openpose(seen(flat, 23), BODY_25)


def openpose18(root: Path) -> np.ndarray:
    return _openpose(coco17(root), [joint for joint in BODY_25[:19] if joint != -2])


def _openpose(coco: np.ndarray, order: list[int]) -> np.ndarray:
    middles = {-1: coco[:, [5, 6]].mean(axis=1), -2: coco[:, [11, 12]].mean(axis=1)}
    return np.stack([middles[joint] if joint < 0 else coco[:, joint] for joint in order], axis=1)


def hand21(root: Path) -> np.ndarray:
    hands = seen([one[f"{side}hand_kpts"] for one in wholebody(root) for side in ("left", "right")], 21)
    return hands[np.isfinite(hands).all(axis=(1, 2))]


READERS: dict[str, Callable[[Path], np.ndarray]] = {
    **{one.__name__: one for one in (penn13, lsp14, coco17, kinect20, utd20, kinect25, mpii16, h36m17)},
    **{one.__name__: one for one in (hemlets18, blazepose33, openpose25, openpose18, hand21)},
    "pa16": lambda root: mpii16(root)[:, MPII_TO_PA],
    "pa20": lambda root: kinect25(root)[:, NTU_TO_PA20],
}


@pytest.fixture(scope="session")
def real(data_root: Path) -> Callable[[str], np.ndarray]:
    """Real poses by the name of their layout."""
    return cache(lambda name: READERS[name](data_root))


@pytest.fixture(scope="session")
def cmu(data_root: Path) -> dict[str, np.ndarray]:
    """(n, 3) m by joint: every 24th frame of a motion of the CMU library, named as in its skeleton."""
    folder = data_root / "mocap" / "cmu"
    poses = asfamc.read(folder / "11_01.amc", folder / "11.asf")
    position = poses.position[0, ::24].astype(float)
    return dict(zip(poses.skeleton.joints, position.swapaxes(0, 1), strict=True))
