"""Human3.6M as recorded: 32 joints of a motion-capture skeleton, several of them at the same place.

Ionescu et al., Human3.6M (PAMI 2014). `lower_spine` lies at the pelvis, the collars at the thorax, each
`thumb_base` at the wrist and each `hand_end` at the hand. `foot` is the base of the toes; for `neck_nose` and
`head_top` see `h36m17`.
"""

from bodyverb.core.skeleton import Skeleton

# fmt: off
SKELETON = Skeleton(
    name="h36m32",
    joints=(
        "pelvis", "right_hip", "right_knee", "right_ankle", "right_foot", "right_toes",
        "left_hip", "left_knee", "left_ankle", "left_foot", "left_toes",
        "lower_spine", "spine", "thorax", "neck_nose", "head_top",
        "left_collar", "left_shoulder", "left_elbow", "left_wrist",
        "left_thumb_base", "left_thumb", "left_hand", "left_hand_end",
        "right_collar", "right_shoulder", "right_elbow", "right_wrist",
        "right_thumb_base", "right_thumb", "right_hand", "right_hand_end",
    ),
    parents=(
        -1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14,
        12, 16, 17, 18, 19, 20, 19, 22, 12, 24, 25, 26, 27, 28, 27, 30,
    ),
    limbs=(
        (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 6), (6, 7), (7, 8), (8, 9), (9, 10),
        (0, 11), (11, 12), (12, 13), (13, 14), (14, 15),
        (12, 16), (16, 17), (17, 18), (18, 19), (19, 20), (20, 21), (19, 22), (22, 23),
        (12, 24), (24, 25), (25, 26), (26, 27), (27, 28), (28, 29), (27, 30), (30, 31),
    ),
    flip=(
        0, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 11, 12, 13, 14, 15,
        24, 25, 26, 27, 28, 29, 30, 31, 16, 17, 18, 19, 20, 21, 22, 23,
    ),
    root=(0,),
)
# fmt: on
