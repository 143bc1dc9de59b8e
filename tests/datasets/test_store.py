"""Packed stores: what goes in comes out, killed packs go on, damage is found."""

import json
import mmap
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bodyverb import datasets, skeletons
from bodyverb.cli.main import main
from bodyverb.core import Clip, FormatError, InputError, PoseSequence, Segment, Skeleton
from bodyverb.core.errors import OutputError
from bodyverb.datasets.store import Draw, Store, _clip, _shards, pack

FILES = ("clips.bin", "index.npy", "facts.jsonl", "store.json")


def make(root: Path, clips: int = 12, bad: int = 0) -> Path:
    """A small data set in the layout of NW-UCLA: clip n has n + 1 frames, of view n % 3 + 1."""
    root.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(clips):
        action, label = (("a12", "10"), ("a01", "1"))[number % 2]
        name = f"{action}_s01_e{number:02d}_v{number % 3 + 1:02d}"
        body = np.linspace(0, 1.7, 60).reshape(20, 3) + rng.normal(scale=0.02, size=(number + 1, 20, 3))
        text = json.dumps({"file_name": name, "skeletons": body.tolist(), "label": label})
        (root / f"{name}.json").write_text(text if number >= bad else text[: len(text) // 2])
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("source") / "files")


@pytest.fixture(scope="module")
def packed(root: Path) -> Path:
    return pack("nw_ucla", root, root.parent / "packed.store").path


def test_a_clip_with_everything_survives():
    rng = np.random.default_rng(1)
    position = rng.normal(100, 30, (2, 4, 17, 2)).astype(np.float32)
    position[1, :2] = np.nan
    present = np.isfinite(position).all(axis=-1)
    poses = PoseSequence.from_arrays(
        position,
        skeleton=skeletons.get("coco17"),
        timestamps_s=[0.0, 0.04, 0.1, 0.13],
        score=np.where(present, 0.5, 0),
        state=np.where(present, rng.integers(1, 3, present.shape), 0),
        box=np.tile(np.float32([1, 2, 3, 4]), (2, 4, 1)),
        extras={"depth_mm": rng.normal(size=(2, 4, 17)), "seen": np.ones((2, 4), bool)},
        person_ids=("72057594037944738", "b"),
        image_size=(640, 480),
        mirrored=True,
        source="somewhere",
    )  # fmt: skip
    part = Segment(person_id="b", verb="squat", start_s=0.0, end_s=0.1, top5=(("squat", 0.5),))
    clip = Clip(id="one", poses=poses, segments=(part,), camera="2", media="a.mp4", meta={"x": [1, None]})
    layouts: dict[str, object] = {}
    pieces, facts = _clip.to_bytes(clip, layouts)
    data = np.frombuffer(b"".join(pieces), np.uint8)
    read = {key: Skeleton.from_dict(plain) for key, plain in layouts.items()}  # type: ignore[arg-type]
    back = _clip.from_bytes(data, json.loads(json.dumps(facts)), read)
    assert back.poses.equals(poses)
    assert {**vars(back), "poses": 0} == {**vars(clip), "poses": 0}


def test_layouts_of_one_name_are_told_apart():
    one, other = skeletons.get("lsp14").to_dict(), skeletons.get("mpii16").to_dict() | {"name": "lsp14"}
    layouts: dict[str, object] = {}
    keys = [_clip.layout_key(plain, layouts) for plain in (one, other, one, other)]
    assert keys[:2] == keys[2:] and len(set(keys)) == 2 == len(layouts)


def test_a_store_is_the_table_it_was_packed_from(root: Path, packed: Path):
    table, store = datasets.open("nw_ucla", root), datasets.open("nw_ucla", packed)
    assert isinstance(store, Store)
    assert (store.ids, store.classes, store.splits) == (table.ids, table.classes, table.splits)
    for mine, theirs in zip(store, table, strict=True):
        assert mine.poses.equals(theirs.poses)
        assert {**vars(mine), "poses": 0} == {**vars(theirs), "poses": 0}
    assert [store.classes[at] for at in store.index["label"]] == [clip.label for clip in table]
    store.verify()
    assert store.provenance["data set"] == "nw_ucla" and store.provenance["source"]["files"] == 12
    assert not packed.with_name("packed.store.partial").exists()
    with pytest.raises(InputError, match="Expected one of 12 clips"):
        store["other"]


def test_arrays_are_read_where_they_lie(packed: Path):
    owner: object = datasets.open_store(packed)[3].poses.position
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert isinstance(owner, mmap.mmap)


def test_batches(packed: Path):
    store = datasets.open_store(packed)
    among = store.places(store.split("cross-view", "train"))
    draw = store.draw(np.random.default_rng(2), clips=50, frames=5, among=among)
    out = np.zeros((50, 2, 5, 20, 3), np.float32)
    labels = store.fill(out, draw)
    assert set(draw.clip) <= set(among) and len(set(draw.clip)) > 4
    for at, (place, first) in enumerate(zip(draw.clip, draw.first, strict=True)):
        clip = store[int(place)]
        cut = clip.poses.position[0, first : first + 5]
        assert len(cut) == min(5, clip.poses.frames)
        np.testing.assert_array_equal(out[at, 0, : len(cut)], cut)
        assert np.isnan(out[at, 0, len(cut) :]).all() and np.isnan(out[at, 1]).all()
        assert store.classes[labels[at]] == clip.label
    longest = draw.first[store.index["frames"][draw.clip] > 8]
    assert longest.min() >= 0 and len(set(longest)) > 2
    with pytest.raises(InputError, match=r"Expected clips of \(17, 3\)"):
        store.fill(np.zeros((50, 1, 5, 17, 3), np.float32), draw)
    with pytest.raises(InputError, match="Expected clips to draw from"):
        store.draw(np.random.default_rng(2), clips=1, frames=1, among=among[:0])


@pytest.mark.parametrize("persons", [1, 2, 3])
def test_batches_of_several_people(tmp_path: Path, persons: int):
    datasets.make("pyskl", tmp_path / "files", count=6)
    pack("pyskl", tmp_path / "files", tmp_path / "out", options={"layout": "coco17"})
    store = datasets.open_store(tmp_path / "out")
    draw = Draw(clip=np.arange(6), first=np.array([0, 10, 20, 30, 45, 59]), frames=30)
    out = np.zeros((6, persons, 30, 17, 2), np.float32)
    labels = store.fill(out, draw)
    for at, clip in enumerate(store):
        wanted = np.full((persons, 30, 17, 2), np.nan, np.float32)
        part = clip.poses.position[:persons, draw.first[at] : draw.first[at] + 30]
        wanted[: part.shape[0], : part.shape[1]] = part
        np.testing.assert_array_equal(out[at], wanted)
        assert store.classes[labels[at]] == clip.label
    assert {clip.poses.persons for clip in store} == {1, 2}
    for wrong in (out[:, :, :, ::-1], out.astype(np.float64), out[:5]):
        with pytest.raises(InputError, match="contiguous float32"):
            store.fill(wrong, draw)
    with pytest.raises(InputError, match="first frames from 0"):
        store.fill(out, Draw(clip=draw.clip, first=draw.first - 1, frames=30))


def test_a_killed_pack_goes_on(root: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out, write, written = tmp_path / "out", _shards.write, []

    def stop_after(most: int) -> Callable[..., None]:
        def some(folder: Path, number: int, *rest: object) -> None:
            if len(written) == most:
                (folder / f"{number:05d}.bin").write_bytes(b"torn")
                raise KeyboardInterrupt
            written.append(number)
            write(folder, number, *rest)  # type: ignore[arg-type]

        return some

    monkeypatch.setattr(_shards, "write", stop_after(7))
    with pytest.raises(KeyboardInterrupt):
        pack("nw_ucla", root, out)
    assert not out.exists() and len(written) == 7
    monkeypatch.setattr(_shards, "write", stop_after(99))
    assert pack("nw_ucla", root, out).resumed == 7
    assert written == list(range(12))
    for name in ("clips.bin", "index.npy", "facts.jsonl"):
        assert (out / name).read_bytes() == (packed / name).read_bytes()
    assert pack("nw_ucla", root, out).resumed == 12 and len(written) == 12


def test_a_pack_killed_by_the_system_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root = make(tmp_path / "files", 120)
    words = ["data", "pack", "nw_ucla", str(root), str(tmp_path / "out"), "--jobs", "1"]
    code = "import sys; from bodyverb.cli.main import main; raise SystemExit(main(sys.argv[1:]))"
    partial = tmp_path / "out.partial"
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.DEVNULL) as run:
        while run.poll() is None and not (partial / "00020.json").exists():
            time.sleep(0.002)
        run.kill()
    assert run.returncode == -signal.SIGKILL and not (tmp_path / "out").exists()
    done = sum(_shards.is_done(partial, number) for number in range(120))
    assert 20 < done < 120 and len(list(partial.glob(".*.part"))) <= 1  # a shard is a clip
    assert main(words) == 0
    assert f"120 clips, {done} of them before" in capsys.readouterr().out
    pack("nw_ucla", root, tmp_path / "whole")
    for name in ("clips.bin", "index.npy", "facts.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_what_another_source_left_is_not_used(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out, other = tmp_path / "out", make(tmp_path / "other", 5)
    with monkeypatch.context() as patch:
        patch.setattr("bodyverb.datasets.store._pack._merge", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pack("nw_ucla", root, out)
    made = pack("nw_ucla", other, out)
    assert (made.clips, made.resumed) == (5, 0)
    with pytest.raises(OutputError, match="a store of something else"):
        pack("nw_ucla", root, out)


def test_a_damaged_shard_is_made_again(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("bodyverb.datasets.store._pack._merge", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pack("nw_ucla", root, out)
    shard = tmp_path / "out.partial" / "00004.bin"
    shard.write_bytes(b"x" + shard.read_bytes()[1:])
    with pytest.raises(OutputError, match="damaged"):
        pack("nw_ucla", root, out)
    assert pack("nw_ucla", root, out).resumed == 11


def test_several_processes(root: Path, packed: Path, tmp_path: Path):
    told: list[tuple[int, int]] = []
    pack("nw_ucla", root, tmp_path / "out", jobs=2, seen=lambda done, of: told.append((done, of)))
    assert (tmp_path / "out" / "clips.bin").read_bytes() == (packed / "clips.bin").read_bytes()
    assert told[-1] == (12, 12)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["cut", "flip", "gone"])
def test_damage_is_found(packed: Path, tmp_path: Path, name: str, how: str):
    for path in packed.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(bytes(data) if how == "flip" else bytes(data)[: len(data) // 2])
    if how == "gone":
        (tmp_path / name).unlink()
    with pytest.raises(FormatError, match="pack"):
        datasets.open_store(tmp_path).verify()


def test_bad_files_are_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    root = make(tmp_path / "files", 6, bad=2)
    words = ["data", "pack", "nw_ucla", str(root), str(tmp_path / "out"), "--jobs", "1"]
    assert main(words) == 3
    assert "4 clips" in capsys.readouterr().out
    assert main([*words, "--allow-bad", "1"]) == 3
    assert main([*words, "--allow-bad", "2"]) == 0
    store = datasets.open_store(tmp_path / "out")
    assert len(store) == 4 and len(store.ledger) == 2
    assert [one["id"] for one in store.ledger] == ["a01_s01_e01_v02", "a12_s01_e00_v01"]
    assert all("Expected" in one["error"] for one in store.ledger)
    assert sum(map(len, store.splits["cross-view"].values())) == 4


def test_nothing_but_bad_files(tmp_path: Path):
    with pytest.raises(InputError, match="got none"):
        pack("nw_ucla", make(tmp_path / "files", 2, bad=2), tmp_path / "out")
    assert not (tmp_path / "out").exists()
