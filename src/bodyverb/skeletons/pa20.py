"""The 20 joints of deephar for NTU RGB+D: `pa16` with hands and feet.

Luvizon, Picard and Tabia, Multi-task Deep Learning for Real-Time 3D Human Pose Estimation and Action
Recognition (TPAMI 2020). Their "head" is the top of the head, filled with Kinect's head for NTU RGB+D.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="pa20",
    joints=(
        "pelvis", "thorax", "neck", "head_top", "right_shoulder", "left_shoulder",
        "right_elbow", "left_elbow", "right_wrist", "left_wrist", "right_hand", "left_hand",
        "right_hip", "left_hip", "right_knee", "left_knee", "right_ankle", "left_ankle",
        "right_foot", "left_foot",
    ),
    parents=(-1, 0, 1, 2, 1, 1, 4, 5, 6, 7, 8, 9, 0, 0, 12, 13, 14, 15, 16, 17),
    limbs=(
        (0, 1), (1, 2), (2, 3), (1, 4), (4, 6), (6, 8), (8, 10), (1, 5), (5, 7), (7, 9), (9, 11),
        (0, 12), (12, 14), (14, 16), (16, 18), (0, 13), (13, 15), (15, 17), (17, 19),
    ),
    flip=(0, 1, 2, 3, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, 17, 16, 19, 18),
    root=(0,),
)
# fmt: on
