"""From a network to a bundled model: export, thresholds, card, measuring; on tiny procedural stores."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import InputError  # noqa: E402
from bodyverb.infer import load  # noqa: E402
from bodyverb.models import verb_tcn  # noqa: E402
from bodyverb.recognize.recognizer import Recognizer  # noqa: E402
from bodyverb.train.augment.pose_error import PoseErrorModel  # noqa: E402
from bodyverb.train.evaluate_verbs import at_rate, closed_set, frozen, low_pass, measure  # noqa: E402
from bodyverb.train.verbs_bundle import (  # noqa: E402
    choose_thresholds,
    export_verbs,
    facts,
    write_card,
)
from bodyverb.train.verbs_data import DataConfig, VerbStore  # noqa: E402
from bodyverb.train.verbs_store import pack, synth_items  # noqa: E402
from bodyverb.train.vocabulary import PENN15  # noqa: E402

SKELETON = skeletons.get("penn13")
VERBS = PENN15.verbs


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return verb_tcn.build(verb_tcn.Config(widths=(16,), blocks=(1,)), SKELETON, 15).eval()


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory) -> Path:
    path = export_verbs(network, 13, 64, tmp_path_factory.mktemp("model") / "model.onnx")
    write_card(path, facts(VERBS, DataConfig()), {}, [], {"name": "toy", "licence": "none"})
    return path


@pytest.fixture(scope="module")
def store() -> VerbStore:
    items = list(synth_items(1, 5, PENN15, duration_s=3.0))
    return pack([item for item in items if item.name.split("-")[0] in ("squat", "bowl", "walk", "idle")])


def test_onnx_equals_torch_and_takes_any_number_of_people(network, exported):
    session = load(str(exported.parent), "verbs", threads=1)
    for batch, people in ((4, 1), (1, 2)):
        position = torch.randn(batch, people, 64, 13, 2).cumsum(dim=2)
        position[0, 0, 3:9, 2:5] = float("nan")
        seconds = torch.linspace(0, 2, 64)[None].repeat(batch, 1)
        inputs = (position, torch.ones(batch, people, 64, 13), seconds)
        names = ("position", "score", "seconds")
        found = session.run({name: value.numpy() for name, value in zip(names, inputs, strict=True)})
        with torch.no_grad():
            logits, known = network(*inputs)
        np.testing.assert_allclose(found["logits"], logits.numpy(), atol=2e-2)
        np.testing.assert_allclose(found["known"], known.numpy(), atol=2e-2)


def test_store_of_procedural_motion(store):
    assert len(store) == 4
    assert set(store.label.tolist()) == {VERBS.index("squat"), VERBS.index("bowl"), -1}
    assert not store.flat.any()
    assert store.position.shape[1:] == (13, 3)


def test_card_can_be_loaded_and_the_model_measured(exported, store):
    errors = PoseErrorModel()
    recognizer = Recognizer(load(str(exported.parent), "verbs", threads=1))
    recognizer.thresholds = limits = choose_thresholds(recognizer, store, errors)
    assert 0 < limits["known_off"] < limits["known_on"] < 1
    lines = measure(recognizer, store, errors)
    assert all(0 <= line.value <= 1 for line in lines)
    assert any(line.name.startswith("synth-verbs") for line in lines)
    write_card(exported, facts(VERBS, DataConfig()), limits, lines, {"name": "toy", "licence": "none"})
    loaded = Recognizer(load(str(exported.parent), "verbs", threads=1))
    assert loaded.thresholds == limits
    assert loaded.classes == VERBS


def test_closed_set_has_a_row_a_clip_and_camera(exported, store):
    recognizer = Recognizer(load(str(exported.parent), "verbs", threads=1))
    with pytest.raises(InputError):
        closed_set(recognizer, store)  # procedural clips alone: nothing real
    real = dataclasses.replace(store, source=np.array(["utd-verbs"] * len(store)))
    made = closed_set(recognizer, real, views=2)
    assert sorted(made.label.tolist()) == sorted([VERBS.index("squat"), VERBS.index("bowl")] * 2)
    assert len(set(made.ids)) == 4 and (made.score <= 0).all()
    np.testing.assert_allclose(np.exp(made.score).sum(axis=1), 1, atol=0.2)
    again = closed_set(recognizer, real, views=2)
    np.testing.assert_array_equal(made.score, again.score)


def test_other_rates_and_speeds_keep_the_motion(store):
    times, position = store.clip(0)
    half, slow = at_rate((times, position), 60.0, speed=0.5)
    assert half[-1] == pytest.approx(2 * times[-1], abs=0.05)
    np.testing.assert_allclose(slow[::4], position[: len(slow[::4])], atol=0.02)


def test_low_pass_fills_short_holes_only():
    times = np.arange(60) / 30
    position = np.ones((60, 2, 2)) * times[:, None, None]
    position[20:23, 0] = np.nan
    position[20:50, 1] = np.nan
    result = low_pass(times, position)
    np.testing.assert_allclose(result[5:55, 0, 0], times[5:55], atol=0.02)
    assert np.isnan(result[35, 1]).all() and np.isfinite(result[24, 1]).all()


def test_frozen_frames_do_not_move_but_for_camera_and_jitter(store):
    track = store.clip(0)[0], store.clip(0)[1][..., :2]
    quiet = PoseErrorModel(sd=(0.0,), outlier_rate=(0.0,), miss_rate=(0.0,), swap_rate=0.0)
    times, held = frozen(track, np.random.default_rng(0), np.array(SKELETON.flip), quiet)
    size = np.linalg.norm(held[:, 1] - held[:, 11], axis=-1)
    arm = np.linalg.norm(held[:, 3] - held[:, 5], axis=-1)
    assert times[-1] > 4.9
    assert np.std(arm / size) < 1e-3
