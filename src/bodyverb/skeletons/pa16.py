"""The 16 joints of deephar, right before left: those of MPII in another order.

Luvizon, Picard and Tabia, 2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning (CVPR
2018). Their "head" is MPII's top of the head.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="pa16",
    joints=(
        "pelvis", "thorax", "neck", "head_top", "right_shoulder", "left_shoulder",
        "right_elbow", "left_elbow", "right_wrist", "left_wrist",
        "right_hip", "left_hip", "right_knee", "left_knee", "right_ankle", "left_ankle",
    ),
    parents=(-1, 0, 1, 2, 1, 1, 4, 5, 6, 7, 0, 0, 10, 11, 12, 13),
    limbs=(
        (0, 1), (1, 2), (2, 3), (1, 4), (4, 6), (6, 8), (1, 5), (5, 7), (7, 9),
        (0, 10), (10, 12), (12, 14), (0, 11), (11, 13), (13, 15),
    ),
    flip=(0, 1, 2, 3, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14),
    root=(0,),
)
# fmt: on
