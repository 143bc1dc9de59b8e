"""Training a classifier from a data set: what comes out, that it repeats, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from bodyverb import skeletons
from bodyverb.core import Clip, FormatError, InputError, OutputError, PoseSequence
from bodyverb.datasets._table import ClipTable
from bodyverb.train import lab, lab_data
from bodyverb.train.augment.clips import Augmenter
from bodyverb.train.augment.settings import Affine, Augment, Mirror, Spoil
from bodyverb.train.clips import gather
from bodyverb.train.lab_settings import DataSettings, Sampling, network_values
from bodyverb.train.predict import classifier, predict
from bodyverb.train.predictions import Predictions
from bodyverb.train.recipes import Recipe, recipe
from bodyverb.train.runs import network_settings, open_run
from bodyverb.train.sampling import batch, moments
from bodyverb.train.settings import LoopConfig, OptimConfig

CLASSES = ("wave", "still")


def clip(number: int, dims: int = 2, layout: str = "coco17") -> Clip:
    """Somebody who moves the right wrist up and down, or does not."""
    rng = np.random.default_rng(number)
    skeleton = skeletons.get(layout)
    frames = int(rng.integers(20, 40))
    body = rng.normal(size=(len(skeleton), dims)) if number < 0 else np.random.default_rng(9).normal(
        size=(len(skeleton), dims)
    )  # fmt: skip
    position = np.tile(body, (frames, 1, 1)) + 0.02 * rng.normal(size=(frames, len(skeleton), dims))
    label = CLASSES[number % 2]
    if label == "wave":
        position[:, skeleton.joints.index("right_wrist"), 1] += np.sin(np.arange(frames))
    return Clip(
        id=f"c{number:03d}",
        poses=PoseSequence.from_arrays(
            position[None].astype(np.float32), skeleton=skeleton, rate_hz=30.0,
            **({} if dims == 2 else {"space": "camera", "unit": "m", "axes": "kinect"}),
        ),
        label=label,
        subject=str(number % 4),
        camera=str(number % 3),
    )  # fmt: skip


def table(count: int = 40, **kind) -> ClipTable:
    ids = tuple(f"c{i:03d}" for i in range(count))
    return ClipTable(
        ids=ids,
        classes=CLASSES,
        splits={"official": {"train": ids[: count // 2], "test": ids[count // 2 :]}},
        load=lambda key: clip(int(key[1:]), **kind),
    )


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.setattr(lab_data, "open_table", lambda _: table())
    small = Recipe(
        batch=8,
        least_steps=2,
        sampling=Sampling(steps=16),
        augment=recipe("plain").augment,
        optim=OptimConfig(lr=3e-3, ema=0.5),
        loop=LoopConfig(epochs=6, precision="32-true", threads=1, validate_every=2),
    )
    network = {"widths": (16, 16), "blocks": (1, 1), "dropout": 0.0}
    data = DataSettings(data="nw_ucla", root=tmp_path)
    return lab.LabSettings(data=data, model="bodyverb-s", network=network, recipe=small)


def longer(settings):
    loop = replace(settings.recipe.loop, epochs=25)
    return replace(settings, recipe=replace(settings.recipe, loop=loop))


def test_it_learns_and_keeps_all_there_is_to_know(settings, tmp_path):
    lines: list[str] = []
    result = lab.train(longer(settings), tmp_path / "run", say=lines.append)
    assert result["scores"]["test last"]["top_1"] >= 0.9
    assert result["weights"] == {"last": "nothing was selected by a score"}
    assert result["clips"] == {"train": 20, "test": 20}
    run = open_run(tmp_path / "run")
    assert (run.classes, run.dims, run.persons, run.sampling.steps) == (CLASSES, 2, 1, 16)
    assert run.config["recipe"]["augment"]["affine"]["yaw_deg"] == 0
    made = Predictions.load(tmp_path / "run" / "predictions" / "test.npz")
    clips = gather(table(), table().ids[20:])
    again = predict(classifier(run.network()), clips, run.sampling)
    np.testing.assert_allclose(again.score, made.score, atol=1e-6)
    assert {"config.json", "environment.json", "log.csv", "curves.png", "result.json"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }


def test_the_same_seed_gives_the_same_bits_and_another_does_not(settings, tmp_path):
    weights = []
    strong = Augment(spoil=Spoil(limb=0.2), mix=0.2)
    settings = replace(settings, recipe=replace(settings.recipe, augment=strong))
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        loop = replace(settings.recipe.loop, seed=seed, epochs=2)
        one = replace(settings, recipe=replace(settings.recipe, loop=loop))
        lab.train(one, tmp_path / name, say=lambda line: None)
        weights.append(open_run(tmp_path / name).network().classes.weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("best_test", "validation", "said"),
    [(True, "none", "test part"), (False, "subject:1", "validation part")],
)
def test_what_was_selected_by_is_said(settings, tmp_path, best_test, validation, said):
    one = replace(settings, best_test=best_test, data=replace(settings.data, validation=validation))
    result = lab.train(one, tmp_path / "run", say=lambda line: None)
    assert said in result["weights"]["best"]
    assert result["clips"].get("validation", 0) == (0 if best_test else 5)


def test_overfitting_a_few_clips_is_said_to_mean_nothing(settings, tmp_path):
    lines: list[str] = []
    loop = replace(settings.recipe.loop, overfit=4, epochs=30)
    one = replace(settings, recipe=replace(settings.recipe, augment=recipe("plain").augment, loop=loop))
    result = lab.train(one, tmp_path / "run", say=lines.append)
    assert any("mean nothing" in line for line in lines)
    assert result["clips"]["train"] == 4
    assert result["scores"]["test last"]["top_1"] == 1.0


def test_overfitting_takes_clips_from_all_over_the_part():
    clips = gather(table(), table().ids)
    few = lab._few(lab_data.Parts(train=clips, validation=None, test=clips), 4)
    assert few.train.ids == ("c000", "c013", "c026", "c039")
    assert lab._few(few, 100).train.ids == few.train.ids


def test_batches_take_every_clip_once_or_classes_evenly(settings):
    clips = gather(table(), table().ids)
    batches = lab.Batches(clips, replace(settings.recipe, batch=10))
    rows = np.concatenate([made["index"].numpy() for made in batches(3)])
    assert sorted(rows) == list(range(40))
    eager = lab.Batches(clips.select([3, 4]), replace(settings.recipe, batch=4, least_steps=5))
    assert [len(made["index"]) for made in eager(0)] == [4] * 5
    few = clips.select([0, 1, 3, 5, 7, 9, 11, 13])  # one wave, seven still
    even = lab.Batches(few, replace(settings.recipe, batch=400, balance=1.0))
    drawn = next(iter(even(0)))["label"].numpy()
    assert 0.4 < (drawn == 0).mean() < 0.6


def test_moments_of_evaluation_are_the_middles_and_of_training_lie_within(settings):
    clips = gather(table(), table().ids[:6])
    rows, sampling = np.arange(6), Sampling(steps=8, crop=0.5)
    last = clips.frames - 1
    still = moments(clips, rows, sampling, None)
    np.testing.assert_allclose(still[:, 0], last / 16)
    np.testing.assert_allclose(still[:, -1], last * 15 / 16)
    drawn = moments(clips, rows, sampling, np.random.default_rng(0))
    assert (drawn >= 0).all() and (drawn <= last[:, None]).all() and (np.diff(drawn, axis=1) >= 0).all()
    made = batch(clips, rows, still)
    assert made["position"].shape == (6, 1, 8, 17, 2)
    assert (made["seconds"][:, 0] == 0).all()


def test_a_clip_of_one_frame_and_a_hole_stay_what_they_are():
    def odd(key: str) -> Clip:
        one = clip(int(key[1:]))
        position = one.poses.position[:, :1].copy() if key == "c000" else one.poses.position.copy()
        position[0, -1, 3] = np.nan
        return replace(
            one, poses=PoseSequence.from_arrays(position, skeleton=one.poses.skeleton, rate_hz=30.0)
        )

    clips = gather(replace(table(), load=odd), ("c000", "c001"))
    made = batch(clips, np.arange(2), moments(clips, np.arange(2), Sampling(steps=5), None))
    assert torch.isnan(made["position"][0, 0, :, 3]).all()
    assert torch.isfinite(made["position"][0, 0, :, 4]).all()
    assert (made["seconds"][0] == 0).all()


def test_3d_is_turned_upright_and_layouts_change_by_name():
    kinect = table(dims=3, layout="kinect20")
    clips = gather(kinect, kinect.ids[:2], layout="pa17")
    assert clips.skeleton.name == "pa17" and clips.dims == 3
    straight = gather(kinect, kinect.ids[:2])
    np.testing.assert_array_equal(straight.position[: len(kinect["c000"].poses.position[0]), 0],
                                  kinect["c000"].poses.position[0])  # fmt: skip


def test_augmentation_repeats_by_its_seed_and_off_is_off():
    clips = gather(table(dims=3, layout="kinect20"), table().ids)
    made = batch(clips, np.arange(40), moments(clips, np.arange(40), Sampling(steps=6), None))
    three = made["position"], made["score"], made["seconds"]
    strong = Augmenter(Augment(spoil=Spoil(limb=0.5)), clips.skeleton)
    one, other, third = (strong(*three, seed=seed) for seed in (4, 4, 5))
    assert all(
        torch.equal(torch.nan_to_num(a), torch.nan_to_num(b)) for a, b in zip(one[:3], other[:3], strict=True)
    )
    assert not torch.equal(torch.nan_to_num(one[0]), torch.nan_to_num(third[0]))
    off = Augmenter(
        Augment(
            affine=Affine(yaw_deg=0, tilt_deg=0, scale=0, shear=0),
            mirror=Mirror(chance=0),
            spoil=Spoil(noise=0, offset=0, chance=0),
            speed=0,
        ),
        clips.skeleton,
    )
    same = off(*three, seed=4)
    torch.testing.assert_close(same[0], three[0])
    turned = Augmenter(
        Augment(
            affine=Affine(tilt_deg=0, scale=0, shear=0), mirror=Mirror(chance=1),
            spoil=Spoil(noise=0, offset=0, chance=0), speed=0,
        ), clips.skeleton,
    )(*three, seed=1)  # fmt: skip
    flip = list(clips.skeleton.flip)
    torch.testing.assert_close(turned[0][..., 1], three[0][..., flip, 1])
    distance = (three[0][..., flip, :] ** 2).sum(-1)
    torch.testing.assert_close((turned[0] ** 2).sum(-1), distance, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": "xsub"}, "Expected a split of official, got 'xsub'"),
        ({"train_split": "dev"}, "Expected a part of official"),
        ({"validation": "subject:77"}, "there are the subjects 0, 1, 2, 3"),
        ({"validation": "half"}, "Expected --validation"),
    ],
)
def test_wrong_parts_are_refused_in_one_line(settings, tmp_path, changes, words):
    one = replace(settings, data=replace(settings.data, **changes))
    with pytest.raises(InputError, match=words) as caught:
        lab.train(one, tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_class_without_clips_is_refused(settings, tmp_path, monkeypatch):
    whole = table()
    waves = tuple(key for key in whole.ids if int(key[1:]) % 2 == 0)
    monkeypatch.setattr(
        lab_data, "open_table", lambda _: replace(whole, splits={"s": {"train": waves, "test": whole.ids}})
    )
    with pytest.raises(InputError, match="clips of every class to learn from, got none of class 'still'"):
        lab.train(settings, tmp_path / "run")


def test_parts_that_share_clips_are_told_and_never_selected_by(settings, monkeypatch):
    whole = table()
    a, b, c = whole.ids[:20], whole.ids[20:30], whole.ids[30:]
    splits = {"s": {"train": a, "validation": b, "test": c}}
    monkeypatch.setattr(lab_data, "open_table", lambda _: replace(whole, splits=splits))
    apart = lab_data.load_parts(settings.data)
    assert apart.validation is not None and apart.validation.ids == b and apart.notes == ()
    tested = lab_data.load_parts(replace(settings.data, test_split="validation"))
    assert tested.validation is None and tested.test.ids == b
    same = lab_data.load_parts(replace(settings.data, test_split="train"))
    assert "20 clips to learn from are tested on, too" in same.notes[0]


def test_clips_that_are_left_out_are_told(settings, monkeypatch):
    whole = table()

    def load(key):
        one = whole.load(key)
        return replace(one, label=None) if key == "c003" else one

    monkeypatch.setattr(lab_data, "open_table", lambda _: replace(whole, load=load))
    assert lab_data.load_parts(settings.data).notes == (
        "1 of 20 clips of the train part have no label or no joint",
    )


def test_a_run_folder_that_cannot_be_made(settings, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="Expected a run folder that can be made, got 'File exists'"):
        lab.train(settings, tmp_path / "file")


def test_patience_needs_a_part_to_measure(settings, tmp_path):
    loop = replace(settings.recipe.loop, patience=2)
    with pytest.raises(InputError, match="a part to measure while training with --loop.patience"):
        lab.train(replace(settings, recipe=replace(settings.recipe, loop=loop)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("model", "network", "words"),
    [
        ("lstm", {"hidden": "x"}, "Expected a whole number for the setting hidden of lstm, got 'x'"),
        ("lstm", {"hidden": 0}, "settings that make a network lstm, got some that do not .hidden_size"),
        ("lstm", {"dropout": 2}, "settings that make a network lstm"),
        ("lstm", {"torso": 1}, "Expected true or false for the setting torso"),
        ("stgcnpp", {"view": "side"}, "Expected none or yaw or full for the setting view"),
        ("bodyverb-s", {"align": "foo"}, "Expected none or clip or frame for the setting align"),
        ("bodyverb-s", {"widths": (16, "x")}, "Expected one or more of a whole number, with commas between"),
        ("bodyverb-s", {"widths": (16, 24), "blocks": (1,)}, "settings that make a network bodyverb-s"),
        ("bodyverb-s", {"kernel": 2}, "Expected an odd number of moments, got 2"),
        (
            "stgcn",
            {"width": 8, "blocks": 2, "kernel": 4},
            "let stgcn look at clips of 16 moments, got others",
        ),
        ("skeleton-image", {"width": 8, "blocks": 1, "size": 0}, "let skeleton-image look at clips"),
        ("posec3d", {"sigma": 0, "width": 8, "size": 16}, "let posec3d look at clips"),
    ],
)
def test_settings_of_networks_that_mean_nothing_are_refused(settings, tmp_path, model, network, words):
    with pytest.raises(InputError, match=words) as caught:
        lab.train(replace(settings, model=model, network=network), tmp_path / "run")
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_one_value_alone_will_do_for_several_and_a_whole_number_for_a_share():
    found = network_settings("bodyverb-s", {"widths": 16, "blocks": [1], "dropout": 0})
    assert (found["widths"], found["blocks"], found["dropout"]) == ((16,), (1,), 0.0)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Recipe, {"batch": 0}), (Recipe, {"smoothing": 3.0}), (Recipe, {"balance": -1.0}),
        (Sampling, {"steps": 0}), (Sampling, {"rate_hz": float("inf")}), (Sampling, {"crop": 3.0}),
        (Sampling, {"jitter": 5.0}), (Augment, {"mix": -1.0}), (Augment, {"speed": float("nan")}),
        (Mirror, {"chance": 7.0}), (Spoil, {"noise": -1.0}), (Spoil, {"limb": 1.5}),
        (Affine, {"scale": -0.1}),
    ],
)  # fmt: skip
def test_numbers_that_mean_nothing_are_refused(kind, values):
    with pytest.raises(InputError, match=f"{next(iter(values))} (of|from) .*, got"):
        kind(**values)


def test_empty_parts_and_unknown_settings_are_refused(settings, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="Expected settings of bodyverb-s"):
        lab.train(replace(settings, network={"depth": 3}), tmp_path / "run")
    with pytest.raises(InputError, match="Expected a network"):
        lab.train(replace(settings, model="resnet"), tmp_path / "run")
    monkeypatch.setattr(
        lab_data, "open_table", lambda _: replace(table(), splits={"s": {"train": (), "test": table().ids}})
    )
    with pytest.raises(InputError, match="Expected clips in the train part"):
        lab.train(settings, tmp_path / "run")


def test_a_folder_that_is_no_run_and_a_damaged_one(tmp_path):
    with pytest.raises(InputError, match="Expected a run folder"):
        open_run(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"task": {}}))
    with pytest.raises(FormatError, match="Expected the settings of a run"):
        open_run(tmp_path)


def test_a_cut_checkpoint_is_refused(settings, tmp_path):
    short = replace(settings.recipe, loop=replace(settings.recipe.loop, epochs=1))
    lab.train(replace(settings, recipe=short), tmp_path / "run", say=lambda line: None)
    path = tmp_path / "run" / "last.pt"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"last\.pt"):
        open_run(tmp_path / "run").network()


def test_network_values_are_typed_as_they_look():
    assert network_values(("widths=96,128", "dropout=0.5", "align=none", "mask=false", "blocks=3,")) == {
        "widths": (96, 128), "dropout": 0.5, "align": "none", "mask": False, "blocks": (3,),
    }  # fmt: skip
    with pytest.raises(InputError, match="NAME=VALUE"):
        network_values(("widths",))


def test_parts_may_be_named_as_in_pyskl_files():
    ids = table().ids
    named = replace(table(), splits={"xsub": {"train": ids[:3], "test": ids[3:]}, "1": {"train": ids[:2]}})
    assert lab_data.part_ids(named, "xsub", "xsub_train") == ids[:3]
    assert lab_data.part_ids(named, "xsub", "xsub_val") == ids[3:]
    assert lab_data.part_ids(named, "xsub", "train1") == ids[:2]
