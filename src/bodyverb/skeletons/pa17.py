"""The 17 joints of deephar for Human3.6M: `pa16` and the middle of the spine.

Luvizon, Picard and Tabia, 2D/3D Pose Estimation and Action Recognition using Multitask Deep Learning (CVPR
2018). Their own poses from Human3.6M take its spine as thorax, its thorax as neck and its lower spine, at the
pelvis, as spine: joints 0 12 13 15 25 17 26 18 27 19 1 6 2 7 3 8 11 of `h36m32`. Conversion here goes by
name.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="pa17",
    joints=(
        "pelvis", "thorax", "neck", "head_top", "right_shoulder", "left_shoulder",
        "right_elbow", "left_elbow", "right_wrist", "left_wrist",
        "right_hip", "left_hip", "right_knee", "left_knee", "right_ankle", "left_ankle", "spine",
    ),
    parents=(-1, 16, 1, 2, 1, 1, 4, 5, 6, 7, 0, 0, 10, 11, 12, 13, 0),
    limbs=(
        (0, 16), (16, 1), (1, 2), (2, 3), (1, 4), (4, 6), (6, 8), (1, 5), (5, 7), (7, 9),
        (0, 10), (10, 12), (12, 14), (0, 11), (11, 13), (13, 15),
    ),
    flip=(0, 1, 2, 3, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, 16),
    root=(0,),
)
# fmt: on
