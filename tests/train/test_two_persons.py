"""Two people in a clip, from the data to the verdict: who is first does not matter, one may be missing."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bodyverb import skeletons  # noqa: E402
from bodyverb.core import Clip, InputError, PoseSequence  # noqa: E402
from bodyverb.datasets._table import ClipTable  # noqa: E402
from bodyverb.train import lab, lab_data  # noqa: E402
from bodyverb.train.clips import gather  # noqa: E402
from bodyverb.train.lab_settings import DataSettings, Sampling  # noqa: E402
from bodyverb.train.predict import classifier, predict  # noqa: E402
from bodyverb.train.recipes import Recipe, recipe  # noqa: E402
from bodyverb.train.runs import open_run  # noqa: E402
from bodyverb.train.settings import LoopConfig, OptimConfig  # noqa: E402

CLASSES = ("wave_back", "wave")


def clip(key: str) -> Clip:
    """One waves; somebody beside waves too (class 0), or stands or is not there (class 1)."""
    number = int(key[1:])
    rng = np.random.default_rng(number)
    layout, frames = skeletons.get("coco17"), int(rng.integers(20, 40))
    body = np.random.default_rng(9).normal(size=(len(layout), 2))
    people = np.tile(body, (2, frames, 1, 1)) + 0.02 * rng.normal(size=(2, frames, len(layout), 2))
    people[1, ..., 0] += 3
    for person in range(2 if number % 2 == 0 else 1):
        people[person, :, layout.index("right_wrist"), 1] += np.sin(0.7 * np.arange(frames) + person)
    if number % 4 == 1:
        people = people[:1]
    people = people[rng.permutation(len(people))]
    poses = PoseSequence.from_arrays(people.astype(np.float32), skeleton=layout, rate_hz=30.0)
    return Clip(id=key, poses=poses, label=CLASSES[number % 2])


def table(train: tuple[str, ...] | None = None, test: tuple[str, ...] | None = None) -> ClipTable:
    ids = tuple(f"c{number:03d}" for number in range(60))
    parts = {"train": train or ids[:32], "test": test or ids[32:]}
    return ClipTable(ids=ids, classes=CLASSES, splits={"official": parts}, load=clip)


ALONE = tuple(f"c{number:03d}" for number in range(1, 60, 4))
BESIDE = tuple(f"c{number:03d}" for number in range(3, 60, 4))
BOTH = tuple(f"c{number:03d}" for number in range(60) if number % 4 != 1)


def settings(tmp_path, epochs=50, model="bodyverb-s", network=None, **data):
    small = Recipe(
        batch=8,
        least_steps=4,
        smoothing=0.0,
        sampling=Sampling(steps=16),
        augment=recipe("plain").augment,
        optim=OptimConfig(lr=5e-3, ema=0.5),
        loop=LoopConfig(epochs=epochs, precision="32-true", threads=1, validate_every=50),
    )
    network = network or {"widths": (16, 16), "blocks": (1, 1), "dropout": 0.0}
    chosen = DataSettings(data="nw_ucla", root=tmp_path, **data)
    return lab.LabSettings(data=chosen, model=model, network=network, recipe=small)


def test_a_verb_of_two_is_learned_and_who_is_first_does_not_matter(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_data, "open_table", lambda _: table())
    result = lab.train(settings(tmp_path), tmp_path / "run", say=lambda line: None)
    assert result["scores"]["test last"]["top_1"] >= 0.9
    run = open_run(tmp_path / "run")
    assert run.persons == 2
    clips = gather(table(), table().ids[32:], persons=2)
    classify, sampling = classifier(run.network()), run.sampling
    found = predict(classify, clips, sampling)
    swapped = replace(clips, position=clips.position[:, ::-1].copy(), score=clips.score[:, ::-1].copy())
    np.testing.assert_allclose(predict(classify, swapped, sampling).score, found.score, atol=1e-5)
    gone = clips.position.copy()
    gone[:, 1] = np.nan
    alone = predict(classify, replace(clips, position=gone), sampling)
    assert np.isfinite(alone.score).all()
    answered = clips.label == 0
    assert (found.score - alone.score)[answered, 0].min() > 0  # nobody waves back any more


@pytest.mark.parametrize(("train", "test", "persons"), [(BOTH, ALONE, 2), (ALONE, BESIDE, 1)])
def test_all_parts_have_room_for_as_many_people_as_the_one_to_learn_from(
    tmp_path, monkeypatch, train, test, persons
):
    monkeypatch.setattr(lab_data, "open_table", lambda _: table(train, test))
    found = lab_data.load_parts(DataSettings(data="nw_ucla", root=tmp_path))
    assert found.train.persons == found.test.persons == persons


def test_two_asked_for_where_there_is_one_is_said_and_works(tmp_path, monkeypatch):
    one = replace(table(), load=lambda key: replace(clip(key), poses=clip(key).poses.select(persons=[0])))
    monkeypatch.setattr(lab_data, "open_table", lambda _: one)
    lines: list[str] = []
    lab.train(settings(tmp_path, epochs=1, persons=2), tmp_path / "run", say=lines.append)
    assert any("no clip to learn from has a second person; --persons 1" in line for line in lines)
    assert open_run(tmp_path / "run").persons == 2


def test_three_people_are_refused_before_anything_is_read(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="Expected --persons 1 or 2, got 3; choose one of them"):
        lab.train(settings(tmp_path, persons=3), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_moment_at_all_is_refused():
    with pytest.raises(InputError, match=r"Expected sampling\.steps of 1 or more, got 0"):
        Sampling(steps=0)
