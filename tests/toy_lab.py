"""A tiny set of labelled skeletons as a PYSKL file, and a small network trained on it in a second or two."""

from pathlib import Path

import numpy as np

from bodyverb import skeletons
from bodyverb.core import PoseSequence
from bodyverb.formats import pyskl

CLASSES = ("wave", "still", "nod")
LAYOUTS = {2: "coco17", 3: "kinect20"}


def poses(number: int, dims: int = 2, frames: int | None = None) -> PoseSequence:
    """Somebody who moves the right wrist (class 0), nothing (1) or the head (2); 30 frames a second."""
    rng = np.random.default_rng(number)
    skeleton = skeletons.get(LAYOUTS[dims])
    frames = int(rng.integers(20, 40)) if frames is None else frames
    body = np.random.default_rng(9).normal(size=(len(skeleton), dims))
    position = np.tile(body, (frames, 1, 1)) + 0.02 * rng.normal(size=(frames, len(skeleton), dims))
    joint = {0: "right_wrist", 2: "nose" if dims == 2 else "head"}.get(number % 3)
    if joint:
        position[:, skeleton.index(joint), 1] += np.sin(0.7 * np.arange(frames) + rng.uniform(0, 6))
    kind = {} if dims == 2 else {"space": "camera", "unit": "m", "axes": "kinect"}
    scaled = 100 * position + 300 if dims == 2 else position
    return PoseSequence.from_arrays(scaled[None].astype(np.float32), skeleton=skeleton, rate_hz=30.0, **kind)


def write(path: Path, dims: int = 2, clips: int = 60, classes: int = 3) -> Path:
    """A file with the splits `train`, `val` and `test`: a half, a quarter and a quarter of the clips."""
    records = tuple(
        pyskl.record_of(poses(k, dims), id=f"clip{k:03d}", label=k % classes) for k in range(clips)
    )
    ids = [record.id for record in records]
    splits = {
        "train": tuple(ids[: clips // 2]),
        "val": tuple(ids[clips // 2 : 3 * clips // 4]),
        "test": tuple(ids[3 * clips // 4 :]),
    }
    first = poses(0, dims)
    file = pyskl.PysklFile(records=records, splits=splits, skeleton=first.skeleton, unit=first.unit)
    return pyskl.write(path, file)


def train(root: Path, out: Path, dims: int = 2, seed: int = 0, epochs: int = 25) -> Path:
    """A run folder."""
    from bodyverb.train import lab
    from bodyverb.train.lab_settings import DataSettings, Sampling
    from bodyverb.train.recipes import Recipe, recipe
    from bodyverb.train.settings import LoopConfig, OptimConfig

    data = DataSettings(
        data="pyskl", root=root, layout=LAYOUTS[dims], fps=30.0, unit="m" if dims == 3 else "",
        options=("classes=" + ",".join(CLASSES), *(("axes=kinect",) if dims == 3 else ())),
    )  # fmt: skip
    small = Recipe(
        batch=10,
        sampling=Sampling(steps=16),
        augment=recipe("plain").augment,
        optim=OptimConfig(lr=3e-3, ema=0.5),
        loop=LoopConfig(epochs=epochs, precision="32-true", threads=1, validate_every=epochs, seed=seed),
    )
    network = {"widths": (16, 16), "blocks": (1, 1), "dropout": 0.0}
    settings = lab.LabSettings(data=data, model="bodyverb-s", network=network, recipe=small)
    lab.train(settings, out, say=lambda line: None)
    return out
