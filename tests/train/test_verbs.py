"""Training batches, augmentation and a tiny run of the verb classifier on procedural motion."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.models import verb_tcn  # noqa: E402
from bodyverb.train.augment.drift import random_drift  # noqa: E402
from bodyverb.train.augment.dropout import random_dropout, random_head  # noqa: E402
from bodyverb.train.augment.pose_error import PoseErrorModel, spread  # noqa: E402
from bodyverb.train.augment.view import random_cameras, random_flip, random_plane  # noqa: E402
from bodyverb.train.verbs_data import DataConfig, VerbSampler, VerbStore, smooth3  # noqa: E402

SKELETON = skeletons.get("penn13")
FLIP = np.array(SKELETON.flip)


def toy_store(clips: int = 12, frames: int = 60) -> VerbStore:
    """Two verbs (arms up and down fast, body up and down slowly) and standing still, in 3D and 2D."""
    rng = np.random.default_rng(0)
    rest = np.array([[0, 1.7], [.2, 1.45], [-.2, 1.45], [.3, 1.2], [-.3, 1.2], [.3, .95], [-.3, .95],
                     [.12, .95], [-.12, .95], [.12, .5], [-.12, .5], [.12, .1], [-.12, .1]])  # fmt: skip
    parts, labels = [], []
    for number in range(clips):
        label = number % 3 - 1
        wave = np.sin(np.arange(frames) / 30 * (9 if label == 0 else 3) + rng.uniform(0, 6))
        body = np.repeat(
            np.concatenate([rest, 0.05 * rng.normal(size=(13, 1))], axis=1)[None], frames, axis=0
        )
        if label == 0:
            body[:, 5:7, 1] += 0.5 * wave[:, None]
        if label == 1:
            body[:, :9, 1] += 0.3 * wave[:, None]
        if number % 2:
            body[..., 1] *= -1
            body[..., 2] = 0
        parts.append(body)
        labels.append(label)
    return VerbStore(
        position=np.concatenate(parts).astype(np.float32),
        inferred=np.zeros((clips * frames, 13), bool),
        offset=np.arange(clips) * frames,
        length=np.full(clips, frames),
        rate_hz=np.full(clips, 30.0),
        flat=np.arange(clips) % 2 == 1,
        label=np.array(labels),
        source=np.array(["other" if label < 0 else "penn" for label in labels]),
        name=np.array([str(i) for i in range(clips)]),
    )


@pytest.fixture(scope="module")
def sampler():
    return VerbSampler(toy_store(), SKELETON, 2, DataConfig(), PoseErrorModel())


def test_batches_are_repeatable_and_whole(sampler):
    first, second = (next(iter(sampler.batches(1, 32, seed=3))) for _ in range(2))
    assert first["position"].shape == (32, 1, 64, 13, 2)
    assert first["seconds"].shape == (32, 64)
    for key, value in first.items():
        assert torch.equal(torch.nan_to_num(value), torch.nan_to_num(second[key]))
    assert set(first["label"].tolist()) == {-1, 0, 1}
    assert not torch.isnan(first["position"]).all(dim=-1).all(dim=-1).all()
    assert (first["seconds"][:, -1] <= 3.0 + 1e-4).all()


def test_store_survives_the_disk(tmp_path):
    store = toy_store()
    store.save(tmp_path / "s.npz")
    again = VerbStore.load(tmp_path / "s.npz")
    assert np.array_equal(again.clip(3)[1], store.clip(3)[1])
    assert again.clip(3)[1].shape[-1] == 2 and again.clip(2)[1].shape[-1] == 3


def pair(rng):
    store = toy_store()
    return np.stack([store.clip(0)[1], store.clip(2)[1]]), np.tile(np.arange(60) / 30.0, (2, 1)).astype(
        np.float32
    )


def test_cameras_keep_people_upright_and_in_front():
    rng = np.random.default_rng(0)
    position, _ = pair(rng)
    seen = random_cameras(np.repeat(position, 20, axis=0), rng, steep=0, elevation_deg=(-20, 20))
    assert np.isfinite(seen).all()
    assert (seen[:, :, 0, 1] < seen[:, :, 11, 1]).all()


def test_flip_swaps_partners():
    rng = np.random.default_rng(0)
    flat = pair(rng)[0][..., :2]
    flipped = random_flip(flat, FLIP, rng, chance=1.0)
    np.testing.assert_allclose(flipped[:, :, 1], flat[:, :, 2] * [-1, 1])


def test_missing_joints_stay_missing_and_nothing_warns():
    rng = np.random.default_rng(0)
    position, seconds = pair(rng)
    flat = position[..., :2].copy()
    flat[0] = np.nan
    flat[1, :, 4] = np.nan
    result = random_plane(flat, rng)
    result = random_drift(result, seconds, rng, np.ones(2, np.float32))
    result = random_head(random_dropout(result, SKELETON.joints, rng, part=1.0), SKELETON.joints, rng)
    result = PoseErrorModel(swap_rate=0).apply(result, seconds, FLIP, rng)
    assert np.isnan(result[0]).all() and np.isnan(result[1, :, 4]).all()
    assert np.isfinite(result[1, :, 1]).any()
    assert np.isnan(random_cameras(np.full((1, 5, 13, 3), np.nan, np.float32), rng)).all()


def test_error_model_has_the_rates_it_says(tmp_path):
    rng = np.random.default_rng(0)
    flat = np.tile(toy_store().clip(0)[1][None, :, :, :2], (40, 1, 1, 1))
    seconds = np.tile(np.arange(60) / 30.0, (40, 1))
    model = PoseErrorModel(sd=(0.04,), outlier_rate=(0.0,), miss_rate=(0.1,), swap_rate=0.0, memory_s=0.1)
    error = model.apply(flat, seconds, FLIP, rng) - flat
    assert np.isnan(error).mean() == pytest.approx(0.1, abs=0.01)
    height = 2.5 * spread(flat)[0]
    assert np.nanstd(error) / height == pytest.approx(0.04, rel=0.05)
    step = np.nanmean(error[:, 1:] * error[:, :-1]) / np.nanmean(error**2)
    assert step == pytest.approx(np.exp(-1 / 3), abs=0.04)
    assert np.array_equal(model.apply(flat, seconds, FLIP, rng, strength=0.0), flat)
    model.save(tmp_path / "e.json")
    assert PoseErrorModel.load(tmp_path / "e.json") == model


def test_smoothing_keeps_constants_and_gaps():
    window = np.ones((1, 5, 1, 2), np.float32)
    window[0, 2] = np.nan
    result = smooth3(window, np.array([0.33]))
    assert np.isnan(result[0, 2]).all() and (np.delete(result, 2, axis=1) == 1).all()


def test_a_tiny_network_learns_the_toy_verbs(sampler):
    from bodyverb.train.verbs import VerbsConfig, loss_function

    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = verb_tcn.build(verb_tcn.Config(widths=(24,), blocks=(1,), dropout=0, drop_path=0), SKELETON, 2)
    optimizer = torch.optim.AdamW(network.parameters(), 5e-3)
    loss = loss_function(VerbsConfig())
    numbers: list[dict[str, float]] = []
    for batch in sampler.batches(45, 48, seed=0):
        value, more = loss(network, batch)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        numbers.append(more)
    assert np.mean([n["top1"] for n in numbers[-8:]]) > 0.85
    assert np.mean([n["known"] for n in numbers[-8:]]) > 0.75
