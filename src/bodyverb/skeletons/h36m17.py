"""Human3.6M as the lifting literature uses it: 17 of its 32 joints, right leg and left arm first.

Ionescu et al., Human3.6M (PAMI 2014); the selection is 0-3, 6-8, 12-15, 17-19, 25-27 of `h36m32`. `neck_nose`
(published as "neck/nose") lies in the face, 10 cm before the thorax; `head_top` is published as "head". Some
conversions to JSON write the left leg first.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="h36m17",
    joints=(
        "pelvis", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
        "spine", "thorax", "neck_nose", "head_top",
        "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    limbs=(
        (0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10),
        (8, 11), (11, 12), (12, 13), (8, 14), (14, 15), (15, 16),
    ),
    flip=(0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13),
    root=(0,),
)
# fmt: on
