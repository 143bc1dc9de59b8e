"""From checkpoints of pose-lite and the finder to ONNX files, and the crops that int8 calibration wants."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from bodyverb import skeletons
from bodyverb.core import InputError
from bodyverb.datasets import lspet
from bodyverb.models import finder, pose_lite
from bodyverb.train.export import export_onnx
from bodyverb.train.pose_data import Crops, decode_pictures


def load_checkpoint(path: Path) -> dict:
    """The averaged weights and metrics of a best.pt.

    Raises:
        InputError: there is none.
    """
    if not path.is_file():
        raise InputError(f"Expected a checkpoint, got none; train first: {path}")
    return torch.load(path, map_location="cpu", weights_only=True)


def export_pose(checkpoint: Path, path: Path, size: int, config: pose_lite.Config) -> Path:
    """Write pose-lite as float32 ONNX: `image` (batch, size, size, 3) uint8 to `heatmap` and `visibility`."""
    module = pose_lite.build(config, skeletons.get("lsp14"))
    module.load_state_dict(load_checkpoint(checkpoint)["module"])
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    return export_onnx(module, [example], path, inputs=["image"], outputs=["heatmap", "visibility"])


def export_finder(checkpoint: Path, path: Path, config: finder.Config) -> Path:
    """Write the finder as float32 ONNX: `image` (1, h, w, 3) uint8, any multiple of 32, to `centre` and
    `sides`."""
    module = finder.build(config)
    module.load_state_dict(load_checkpoint(checkpoint)["module"])
    example = torch.zeros(2, 288, 320, 3, dtype=torch.uint8)
    free: list[dict[int, str | tuple[str, int]]] = [{0: "batch", 1: ("h", 32), 2: ("w", 32)}]
    return export_onnx(module, [example], path, inputs=["image"], outputs=["centre", "sides"], dynamic=free)


def calibration_crops(root: Path, size: int, count: int = 160) -> np.ndarray:
    """Training crops (count, size, size, 3) uint8 as the network sees them at run time."""
    data = lspet.pictures(root)
    rows = data.split("train")
    rows = rows[np.isfinite(data.joints[rows]).all(-1).sum(1) >= 8]
    rows = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]
    crops = Crops(decode_pictures(data, rows), data.joints[rows], skeletons.get("lsp14").flip, size)
    return np.stack([crops[i][0] for i in range(len(crops))])


def calibration_frames(root: Path, count: int = 48) -> list[np.ndarray]:
    """Training pictures (1, h, w, 3) uint8 stretched to typical canvases of the finder."""
    data = lspet.pictures(root)
    rows = data.split("train")
    chosen = rows[np.linspace(0, len(rows) - 1, count).astype(int)]
    sizes = [(384, 224), (288, 288), (224, 384), (320, 256)]
    pictures = decode_pictures(data, chosen)
    return [cv2.resize(p, sizes[i % 4], interpolation=cv2.INTER_LINEAR)[None] for i, p in enumerate(pictures)]
