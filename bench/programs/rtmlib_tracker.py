"""rtmlib's `PoseTracker` over every frame of a clip with given ONNX files; runs in rtmlib's environment.

Its YOLOX and ViTPose classes (the latter is its class for heatmaps) and its `Custom` solution, unchanged.
OpenCV decodes. Of several people the surest is stored, which is to its advantage; 17 joints, px, NaN where
nobody is found.
"""

import sys
import time
from functools import partial

import cv2
import numpy as np
from rtmlib import Custom, PoseTracker

clip, out, detector, pose, every = sys.argv[1:]
networks = partial(
    Custom,
    det_class="YOLOX",
    det=detector,
    det_input_size=(416, 416),
    det_categories=[0],
    pose_class="ViTPose",
    pose=pose,
    pose_input_size=(192, 256),
)
follow = PoseTracker(networks, det_frequency=int(every), backend="onnxruntime", device="cpu")
joints = []
video = cv2.VideoCapture(clip)
begin = time.perf_counter()
while True:
    there, picture = video.read()
    if not there:
        break
    position, score = follow(picture)
    surest = int(np.argmax(np.mean(score, axis=1))) if len(position) else None
    joints.append(np.full((17, 2), np.nan) if surest is None else position[surest])
seconds = time.perf_counter() - begin
np.savez(out, frames=len(joints), seconds=seconds, joints=np.array(joints))
