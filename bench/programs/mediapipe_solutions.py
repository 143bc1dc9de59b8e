"""`mediapipe.solutions.pose` over every frame of a clip, as its guide shows it; in its own environment.

Complexity 1, everything else as it comes: following and smoothing on. OpenCV decodes. The 33 joints of the
one person it finds are stored in px with (0, 0) in the middle of the first pixel, NaN where it finds nobody.
"""

import sys
import time

import cv2
import mediapipe
import numpy as np

clip, out = sys.argv[1:]
joints = []
with mediapipe.solutions.pose.Pose(model_complexity=1) as pose:
    video = cv2.VideoCapture(clip)
    begin = time.perf_counter()
    while True:
        there, picture = video.read()
        if not there:
            break
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        picture.flags.writeable = False  # saves it a copy
        found = pose.process(picture).pose_landmarks
        height, width = picture.shape[:2]
        marks = [(mark.x, mark.y) for mark in found.landmark] if found else [(np.nan, np.nan)] * 33
        joints.append(np.array(marks) * (width, height) - 0.5)
    seconds = time.perf_counter() - begin
np.savez(out, frames=len(joints), seconds=seconds, joints=np.array(joints))
