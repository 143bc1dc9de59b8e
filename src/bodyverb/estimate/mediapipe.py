"""MediaPipe's pose landmarker, a `.task` file: people and joints at once. Needs the extra `[mediapipe]`.

Every picture is looked at by itself (running mode IMAGE). In the mode VIDEO the landmarker follows and
smooths people on its own; what it remembers cannot be saved, so a resumed run would differ from one that
never stopped, and the joints called raw would be filtered ones. Following people is the tracker's work.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bodyverb import skeletons
from bodyverb.core import ModelError, Skeleton
from bodyverb.estimate.tracks import pose_score
from bodyverb.estimate.whole_frame import FramePoses
from bodyverb.geometry.boxes import box_of_pose
from bodyverb.infer import Card

__all__ = ["SUFFIX", "MediaPipePose"]

SUFFIX = ".task"
PEOPLE = 8
_BOX_SCORE = 0.15


class MediaPipePose:
    """The 33 joints of everybody in a picture, in pixels and in metres (BlazePose, Bazarevsky et al. 2020).

    Args:
        path: the `.task` file, which the user brings.
        people: look for at most so many in a picture.
        api: what offers MediaPipe's Tasks API; the package `mediapipe` by default.

    Attributes:
        skeleton: `blazepose33`.
        card: name and checksum of the file; its licence is for its publisher to say.
        provider: where it runs.

    Raises:
        ModelError: the extra is not installed, or the file is no pose landmarker.
    """

    provider = "MediaPipe on the CPU"

    def __init__(self, path: str | Path, *, people: int = PEOPLE, api: Any = None) -> None:
        path = Path(path)
        try:
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(
                f"Expected a pose landmarker of MediaPipe, got '{error.strerror}'; check the path: {path}"
            ) from None
        self.skeleton: Skeleton = skeletons.get("blazepose33")
        self.card = Card(
            name=path.stem,
            task="pose",
            path=path,
            sha256=checksum,
            licence="as its publisher says; bodyverb does not come with it",
            input={},
            facts={"skeleton": self.skeleton.name},
        )
        self._api = _installed(path) if api is None else api
        self._landmarker = _open(self._api, path, people)

    def __call__(self, image: np.ndarray) -> FramePoses:
        """Find everybody.

        Args:
            image: (h, w, 3) uint8 RGB.

        Returns:
            Joints with the score MediaPipe calls visibility, best people first; every joint has a position,
            outside the picture too. Extras: `depth_px` (n, 33), away from the camera, 0 at the middle of the
            hips, in picture px as far as the network can tell; `world_m` (n, 33, 3), m, x right, y down,
            z forward, origin in the middle of the hips.
        """
        height, width = image.shape[:2]
        picture = self._api.Image(image_format=self._api.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        found = self._landmarker.detect(picture)
        if not found.pose_landmarks:
            return FramePoses.nobody(len(self.skeleton))
        joints = _numbers(found.pose_landmarks, "x", "y", "z", "visibility")
        # MediaPipe counts from the corner of the picture in its widths and heights, depth in its widths.
        position = joints[..., :2] * (width, height) - 0.5
        score = np.nan_to_num(joints[..., 3])
        whole = pose_score(score)
        box = box_of_pose(position, score, min_score=_BOX_SCORE)
        box = np.where(np.isfinite(box), box, box_of_pose(position))
        extras = {
            "depth_px": joints[..., 2] * width,
            "world_m": _numbers(found.pose_world_landmarks, "x", "y", "z"),
        }
        order = np.argsort(-whole, kind="stable")
        return FramePoses(
            boxes=np.concatenate([box, whole[:, None]], 1)[order],
            position=position[order],
            score=score[order],
            extras={name: value[order] for name, value in extras.items()},
        )


def _installed(path: Path) -> Any:
    """The package `mediapipe`."""
    try:
        # In a thread: the package keeps an exception of its import, and so the frames that were under way.
        # Ours hold the landmarker, which must close before the interpreter goes.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(importlib.import_module, "mediapipe").result()
    except ImportError as error:
        raise ModelError(
            f"Expected the package mediapipe for a {SUFFIX} file, got '{error}'; "
            f"pip install 'bodyverb[mediapipe]': {path}"
        ) from None


def _open(api: Any, path: Path, people: int) -> Any:
    """The landmarker of a file; it closes itself when nobody holds it any more."""
    options = api.tasks.vision.PoseLandmarkerOptions(
        base_options=api.tasks.BaseOptions(model_asset_path=str(path)),
        running_mode=api.tasks.vision.RunningMode.IMAGE,
        num_poses=people,
    )
    try:
        return api.tasks.vision.PoseLandmarker.create_from_options(options)
    except (RuntimeError, ValueError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"Expected a pose landmarker of MediaPipe, got: {reason}; "
            f"bring a pose_landmarker_lite, _full or _heavy{SUFFIX}: {path}"
        ) from error


def _numbers(people: Sequence[Sequence[Any]], *names: str) -> np.ndarray:
    """(n, J, len(names)) float64 of landmarks; NaN where one has no such number."""
    return np.array([[[getattr(mark, name) for name in names] for mark in one] for one in people], np.float64)
