"""MPII Human Pose: 16 joints, right leg first; also what a 3D hourglass network returns.

Andriluka et al., 2D Human Pose Estimation: New Benchmark and State of the Art Analysis (CVPR 2014). `thorax`
is the middle of the shoulders there, `neck` MPII's upper neck.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="mpii16",
    joints=(
        "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle",
        "pelvis", "thorax", "neck", "head_top",
        "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
    ),
    parents=(1, 2, 6, 6, 3, 4, -1, 6, 7, 8, 11, 12, 7, 7, 13, 14),
    limbs=(
        (0, 1), (1, 2), (2, 6), (3, 6), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9),
        (10, 11), (11, 12), (12, 7), (13, 7), (13, 14), (14, 15),
    ),
    flip=(5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 15, 14, 13, 12, 11, 10),
    root=(6,),
)
# fmt: on
