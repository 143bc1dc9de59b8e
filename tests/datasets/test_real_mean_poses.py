"""On the mean pose of the real data the head is above the hips and those above the feet, in every set."""

import numpy as np
import pytest

from bodyverb.core import PoseSequence
from bodyverb.datasets._registry import open_any

# folder, a joint of the foot, how many items are looked at
SETS = {
    "nw_ucla": ("nw_ucla", "left_foot", 30),
    "utd_mhad": ("utd_mhad", "left_foot", 30),
    "penn_action": ("penn_action", "left_ankle", 30),
    "ntu": ("ntu", "left_foot", 30),
    "pku_mmd": ("pku_mmd", "left_foot", 30),
    "cmu_mocap": ("mocap/cmu", "left_foot", 3),
    "lspet": ("lspet", "left_ankle", 300),
    "coco_keypoints": ("coco_mini", "left_ankle", 80),
}


def heights(poses: PoseSequence) -> np.ndarray:
    """(J,) mean height of the joints, upwards, about the middle of each body, in sizes of it."""
    up = poses.position[..., 1] * (1 if poses.axes in ("kinect", "y-up") else -1)
    known = poses.present.any(axis=2)
    bodies = up[known]
    size = np.nanmax(bodies, axis=1) - np.nanmin(bodies, axis=1)
    with np.errstate(invalid="ignore"):
        return np.nanmean((bodies - np.nanmean(bodies, axis=1)[:, None]) / size[:, None], axis=0)


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("name", SETS)
def test_head_above_hips_above_feet(data_root, name: str):
    folder, foot, few = SETS[name]
    table = open_any(name, data_root / folder)
    chosen = [table[key] for key in table.ids[:: max(1, len(table) // few)]]
    poses = [item.poses for item in chosen if item.poses is not None and item.poses.present.any()]
    layout = poses[0].skeleton
    mean = np.nanmean([heights(one) for one in poses], axis=0)
    top = next(joint for joint in ("head", "nose", "head_top") if joint in layout.joints)
    head, hip, feet = (mean[layout.index(joint)] for joint in (top, "left_hip", foot))
    assert head > hip + 0.1 and hip > feet + 0.1
