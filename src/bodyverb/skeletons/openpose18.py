"""OpenPose's 18 joints (its COCO model; also skeletons of Kinetics): the neck is `thorax` here.

Cao et al., OpenPose (PAMI 2019). Its neck is the middle of the shoulders, which other layouts call the
thorax; the parents are the bones of the ST-GCN and PYSKL graph, the limbs those that OpenPose draws.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="openpose18",
    joints=(
        "nose", "thorax", "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist",
        "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
        "right_eye", "left_eye", "right_ear", "left_ear",
    ),
    parents=(1, -1, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15),
    limbs=(
        (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
        (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
    ),
    flip=(0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16),
    root=(8, 11),
)
# fmt: on
