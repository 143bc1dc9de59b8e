"""Pose and finder training on tiny made-up data: a run learns, stops, resumes, and refuses what it cannot
use."""

import io
import zipfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError  # noqa: E402
from bodyverb.datasets import lspet  # noqa: E402
from bodyverb.models import finder, pose_lite  # noqa: E402
from bodyverb.train import pose  # noqa: E402
from bodyverb.train.cutouts import cut_out, load_cutouts, make_cutouts  # noqa: E402
from bodyverb.train.finder import finder_loss, giou  # noqa: E402
from bodyverb.train.finder_data import CollageConfig, Collages, finder_targets  # noqa: E402
from bodyverb.train.loop import LoopConfig  # noqa: E402
from bodyverb.train.optim import Muon, OptimConfig, cosine, orthogonalise  # noqa: E402
from bodyverb.train.pose_data import AugmentConfig, Crops, crop_affine, pose_box, soft_targets  # noqa: E402

LSP = skeletons.get("lsp14")
STANDING = np.array(
    [
        [40, 90],
        [42, 70],
        [44, 52],
        [56, 52],
        [58, 70],
        [60, 90],
        [34, 50],
        [36, 38],
        [42, 25],
        [58, 25],
        [64, 38],
        [66, 50],
        [50, 20],
        [50, 6],
    ],
    np.float32,
)


def figure(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    joints = (
        STANDING
        + rng.normal(0, 2, STANDING.shape).astype(np.float32)
        + rng.uniform(-8, 8, 2).astype(np.float32)
    )
    picture = np.full((100, 100, 3), rng.integers(120, 200), np.uint8)
    for child, parent in enumerate(LSP.parents):
        if parent >= 0:
            ends = [tuple(int(v) for v in joints[i]) for i in (child, parent)]
            cv2.line(picture, *ends, (200, 30, 30), 7)
    return picture, joints


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lsp")
    rng, rows, names = np.random.default_rng(0), [], []
    with zipfile.ZipFile(root / "pictures.zip", "w") as archive:
        for i in range(48):
            picture, joints = figure(rng)
            names.append(f"im{i:05d}.jpg")
            archive.writestr(names[-1], cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes())
            rows.append(np.concatenate([joints, np.ones((14, 1))], 1))
    np.savez(root / "table.npz", joints=np.array(rows, np.float32), names=np.array(names))
    return root


def cpu_loop(epochs: int, resume: bool = False) -> LoopConfig:
    return LoopConfig(epochs=epochs, precision="32-true", threads=1, accelerator="cpu", resume=resume)


def settings(folder: Path, out: Path, **changes) -> pose.PoseTraining:
    base = dict(  # noqa: C408
        root=folder, out=out, size=64, warm_size=48, warm_epochs=1, batch=12,
        model=pose_lite.Config(stem=8, widths=(16, 24, 32), blocks=(1, 1, 1), neck=24),
        augment=AugmentConfig(rotation=5, turn=0, partial=0, erase=0),
        optim=OptimConfig(name="muon", ema=0.5), loop=cpu_loop(14),
    )  # fmt: skip
    return pose.PoseTraining(**(base | changes))


def test_a_run_learns_and_keeps_everything(folder: Path, tmp_path: Path) -> None:
    best = pose.train(settings(folder, tmp_path))
    assert best["pck"] > 0.5
    assert {"config.json", "log.csv", "last.pt", "best.pt"} <= {p.name for p in tmp_path.iterdir()}
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 15


def test_a_resumed_run_ends_like_an_unbroken_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = settings(
        folder,
        tmp_path / "whole",
        loop=cpu_loop(2),
    )
    pose.train(whole)
    from bodyverb.train import logs

    real = logs.Log.epoch

    def stop(log: logs.Log, *rows: list[dict[str, float]]) -> None:
        real(log, *rows)
        raise KeyboardInterrupt

    monkeypatch.setattr(logs.Log, "epoch", stop)
    part = settings(folder, tmp_path / "part", loop=whole.loop)
    with pytest.raises(KeyboardInterrupt):
        pose.train(part)
    monkeypatch.undo()
    again = settings(
        folder,
        tmp_path / "part",
        loop=cpu_loop(2, resume=True),
    )
    pose.train(again)
    a, b = (
        torch.load(tmp_path / name / "last.pt", weights_only=True)["module"] for name in ("whole", "part")
    )
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_resume_without_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="checkpoint to resume"):
        pose.train(settings(folder, tmp_path, loop=LoopConfig(epochs=1, resume=True)))


def test_bad_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="npz"):
        lspet.pictures(tmp_path)
    np.savez(tmp_path / "t.npz", joints=np.zeros((2, 13, 3)), names=np.array(["a", "b"]))
    with pytest.raises(InputError, match="14, 3"):
        lspet.pictures(tmp_path)
    np.savez(tmp_path / "t.npz", joints=np.zeros((2, 14, 3)), names=np.array(["a.jpg", "b.jpg"]))
    with pytest.raises(InputError, match="pictures"):
        lspet.pictures(tmp_path)


def test_splits_are_apart_and_contiguous(folder: Path) -> None:
    data = lspet.pictures(folder)
    train, held = data.split("train"), data.split("validation")
    assert not set(train) & set(held) and len(train) + len(held) == len(data)
    assert (np.diff(held) == 1).all()
    with pytest.raises(InputError, match="split"):
        data.split("test")


def test_crop_keeps_joints_on_their_pixels() -> None:
    picture, joints = figure(np.random.default_rng(3))
    picture[:] = 0
    x, y = np.round(joints[13]).astype(int)
    joints[13] = x, y
    picture[y, x] = 255
    crops = Crops(
        [picture],
        joints[None],
        LSP.flip,
        200,
        AugmentConfig(colour=0, grey=0, erase=0, blur=0, partial=0),
        seed=2,
    )
    for seed in range(6):
        crops.seed = seed
        crop, moved = crops[0]
        at = moved[13] if np.isfinite(moved[13]).all() else None
        if at is not None:
            bright = crop.astype(int).sum(-1)
            ys, xs = np.nonzero(bright >= bright.max() * 0.6)
            inside = np.abs(np.stack([xs, ys], 1) - at).max(1) < 6
            assert inside.any()


def test_flip_swaps_left_and_right() -> None:
    _, joints = figure(np.random.default_rng(3))
    matrix = crop_affine(*pose_box(joints), 64, flip=True)
    moved = joints @ matrix[:, :2].T + matrix[:, 2]
    assert moved[LSP.index("left_hip"), 0] < moved[LSP.index("right_hip"), 0]


def test_soft_targets_sum_to_one_where_present() -> None:
    joints = torch.tensor([[[10.0, 20.0], [float("nan"), 0.0]]])
    targets, present = soft_targets(joints, 16, 4.0)
    assert present.tolist() == [[True, False]]
    assert targets[0, 0].sum() == pytest.approx(1, abs=1e-4) and targets[0, 1].sum() == 0
    y, x = divmod(int(targets[0, 0].argmax()), 16)
    assert (x, y) == (2, 5) or (x, y) == (2, 4)


def test_cutouts_come_back(folder: Path, tmp_path: Path) -> None:
    data = lspet.pictures(folder)
    count = make_cutouts(data, np.arange(4), LSP, tmp_path / "c.npz")
    assert count >= 3
    for cutout in load_cutouts(data, tmp_path / "c.npz"):
        red = cutout.picture[cutout.mask > 0].mean(0)
        assert red[0] > red[1] + 40
        assert np.abs(cutout.background.astype(int)[..., 0] - cutout.background[..., 1]).mean() < 20
    assert cut_out(np.zeros((50, 50, 3), np.uint8), np.full((14, 2), np.nan), LSP) is None


def test_collages_are_reproducible_and_boxes_fit(folder: Path, tmp_path: Path) -> None:
    data = lspet.pictures(folder)
    make_cutouts(data, np.arange(8), LSP, tmp_path / "c.npz")
    collages = Collages(load_cutouts(data, tmp_path / "c.npz"), None, CollageConfig(size=96), 20, 5)
    number = 0
    for i in range(20):
        canvas, boxes, weight = collages[i]
        again = collages[i]
        assert np.array_equal(canvas, again[0]) and np.array_equal(boxes, again[1], equal_nan=True)
        assert canvas.shape == (96, 96, 3) and weight in (np.float32(1), np.float32(0.5), np.float32(0.25))
        real = boxes[np.isfinite(boxes).all(1)]
        number += len(real)
        assert ((real >= -0.5) & (real <= 95.5)).all() and (real[:, 2:] > real[:, :2]).all()
    assert number > 10


def test_finder_targets_give_the_box_back() -> None:
    boxes = torch.full((1, 12, 4), float("nan"))
    boxes[0, 0] = torch.tensor([16.0, 8.0, 48.0, 88.0])
    heat, sides, weight = finder_targets(boxes, 12, 8)
    y, x = divmod(int(heat[0].argmax()), 12)
    assert heat[0, y, x] == 1 and weight[0, y, x] == 1
    left, up, right, down = sides[0, :, y, x].tolist()
    back = [
        (x - left + 0.5) * 8 - 0.5,
        (y - up + 0.5) * 8 - 0.5,
        (x + right + 0.5) * 8 - 0.5,
        (y + down + 0.5) * 8 - 0.5,
    ]
    assert back == pytest.approx([16, 8, 48, 88], abs=1e-3)


def test_finder_loss_falls_and_empty_batches_are_finite() -> None:
    torch.manual_seed(0)
    net = finder.build(finder.Config(stem=4, widths=(8, 16, 16, 16), blocks=(1, 1, 1, 1), neck=8))
    canvas = torch.full((2, 96, 96, 3), 100, dtype=torch.uint8)
    canvas[:, 20:70, 30:60] = 220
    boxes = torch.full((2, 12, 4), float("nan"))
    empty = finder_loss(net, [canvas, boxes, torch.ones(2)])[0]
    assert torch.isfinite(empty)
    boxes[:, 0] = torch.tensor([30.0, 20.0, 59.0, 69.0])
    optimizer = torch.optim.AdamW(net.parameters(), 5e-3)
    losses = []
    for _ in range(25):
        loss, _ = finder_loss(net, [canvas, boxes, torch.ones(2)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]


def test_giou_of_equal_boxes_is_one_and_of_distant_ones_less() -> None:
    a = torch.tensor([[1.0, 2, 3, 4]])
    assert giou(a, a).item() == pytest.approx(1)
    assert giou(a, a * 3).item() < 0.5


def test_orthogonalise_flattens_singular_values() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(24, 60)).float())
    assert values.min() > 0.5 and values.max() < 1.4


def test_muon_learns_a_linear_map() -> None:
    torch.manual_seed(0)
    target, weight = torch.randn(32, 32), torch.nn.Parameter(torch.zeros(32, 32))
    optimizer = Muon([weight], lr=0.05)
    first = ((weight - target) ** 2).mean().item()
    for _ in range(60):
        loss = ((weight - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * first


def test_cosine_rises_then_falls() -> None:
    values = [cosine(p / 100, 0.1) for p in range(101)]
    assert values[5] == pytest.approx(0.5) and max(values) == pytest.approx(1, abs=1e-3)
    assert values[-1] == pytest.approx(0.01) and all(a >= b for a, b in pairwise(values[10:]))


def test_loose_pictures_and_tar_read_the_same(folder: Path, tmp_path: Path) -> None:
    import tarfile

    data = lspet.pictures(folder)
    loose, tarred = tmp_path / "loose", tmp_path / "tarred"
    for place in (loose, tarred):
        place.mkdir()
        (place / "table.npz").write_bytes((folder / "table.npz").read_bytes())
    with tarfile.open(tarred / "pictures.tar", "w") as archive:
        for i, name in enumerate(data.names):
            (loose / str(name)).write_bytes(data.read(i))
            info = tarfile.TarInfo(f"images/{name}")
            info.size = len(data.read(i))
            archive.addfile(info, io.BytesIO(data.read(i)))
    assert lspet.pictures(loose).read(7) == lspet.pictures(tarred).read(7) == data.read(7)
