"""Distance between the joints of a run and the golden joints that came with two videos.

The golden joints are the output of other networks (33 joints in 3D for pose_squats.mp4, 17 for pose_1.mp4),
one entry a frame, in pixels; they are no motion capture. Joints in both layouts are compared: shoulders,
elbows, wrists, hips, knees, ankles. The torso is the longer of the two diagonals between a shoulder and the
opposite hip, frame by frame.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from clips import golden_videos
from nets import Nets
from results import keep

from bodyverb.core import PoseSequence, Recording
from bodyverb.formats import poses_h5
from bodyverb.pipeline import run

PARTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
COMMON = tuple(f"{side}_{part}" for part in PARTS for side in ("left", "right"))
# Of the 33 joints, 11 to 16 are shoulders to wrists, 23 to 28 hips to ankles, left before right.
BLAZE = dict(zip(COMMON, (*range(11, 17), *range(23, 29)), strict=True))
VIDEOS = (("pose_squats.mp4", "pose_squats.full.json"), ("pose_1.mp4", "pose_1.json"))


def golden(path: Path) -> np.ndarray:
    """Joints (frame, 12, 2) px in the order of `COMMON`, from either kind of file."""
    frames = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(frames[0], dict):
        return np.array([[[frame[name]["x"], frame[name]["y"]] for name in COMMON] for frame in frames])
    return np.array([[frame[BLAZE[name]][:2] for name in COMMON] for frame in frames], np.float64)


def torso(joints: np.ndarray) -> np.ndarray:
    """(frame,) px: the longer diagonal between a shoulder and the opposite hip of joints (frame, 12, 2)."""
    at = COMMON.index
    one = joints[:, at("left_shoulder")] - joints[:, at("right_hip")]
    other = joints[:, at("right_shoulder")] - joints[:, at("left_hip")]
    return np.maximum(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))


def aligned(recording: Recording) -> np.ndarray:
    """Joints (frame, 12, 2) px of the person seen longest, NaN where absent."""
    found = np.full((len(recording.timestamps_s), len(COMMON), 2), np.nan)
    track: PoseSequence | None = max(recording.tracks, key=lambda one: one.frames, default=None)
    if track is not None:
        rows = np.searchsorted(recording.timestamps_s, track.timestamps_s)
        found[rows] = track.position[0][:, [track.skeleton.index(name) for name in COMMON]]
    return found


def compare(found: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Medians over all joints of all frames; `share` is in torsos, `missing` the part without a position."""
    count = min(len(found), len(truth))
    far = np.linalg.norm(found[:count] - truth[:count], axis=-1)
    share = far / torso(truth[:count])[:, None]
    pairs = {part: share[:, [COMMON.index(f"{side}_{part}") for side in ("left", "right")]] for part in PARTS}
    return {
        "frames": count,
        "median_px": float(np.nanmedian(far)),
        "median_share": float(np.nanmedian(share)),
        "mean_share": float(np.nanmean(share)),
        "within_02": float(np.nanmean(np.where(np.isnan(share), np.nan, share <= 0.2))),
        "missing": float(np.isnan(far).mean()),
        "by_part": {part: float(np.nanmedian(values)) for part, values in pairs.items()},
    }


def measure_joints(nets: Nets) -> list[dict[str, Any]]:
    """Both videos, raw and smoothed; nothing where the videos are absent."""
    folder, rows = golden_videos(), []
    for video, answers in VIDEOS if folder else ():
        truth = golden(folder / answers)  # type: ignore[operator]
        with tempfile.TemporaryDirectory() as out:
            options = {"pose": nets.pose, "detector": nets.detector, "verbs": nets.verbs}
            item = run(folder / video, out=Path(out), video=False, report=False, **options).items[0]  # type: ignore
            for which in ("raw", "smoothed"):
                recording = poses_h5.read(item.paths["poses"], which)  # type: ignore[arg-type]
                spoken = sorted({segment.verb for segment in recording.segments})
                rows.append(
                    {
                        "video": video,
                        "joints": which,
                        "frames_of_video": len(recording.timestamps_s),
                        "people": len(recording.tracks),
                        "filter": recording.meta["smoothing"]["method"] if which == "smoothed" else "none",
                        "torso_px": float(np.median(torso(truth))),
                        "verbs": spoken,
                        **compare(aligned(recording), truth),
                    }
                )
    return rows


def main() -> None:
    """Print the table and put it into docs/bench.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pose", default=Nets.pose)
    parser.add_argument("--detector", default=Nets.detector)
    parser.add_argument("--verbs", default=Nets.verbs)
    parser.add_argument(
        "--dry", action="store_true", help="print only; leave docs/bench.md and the results alone"
    )
    given = parser.parse_args()
    nets = Nets(given.pose, given.detector, given.verbs)
    rows = measure_joints(nets)
    if not rows:
        raise SystemExit(
            "Expected the two videos, got none; set BODYVERB_DATA to the folder that holds videos/"
        )
    print(keep("joints", {"nets": nets.words(), "rows": rows}, write=not given.dry))


if __name__ == "__main__":
    main()
