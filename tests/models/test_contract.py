"""What every verb network keeps to, whoever wrote it: found by the registry, tried on tiny clips."""

import ast
import dataclasses
import inspect
import warnings
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")

import onnxruntime  # noqa: E402

from bodyverb import models, skeletons  # noqa: E402
from bodyverb.core import InputError, Skeleton  # noqa: E402
from bodyverb.models import _count  # noqa: E402
from bodyverb.train.augment.mirror import mirrored  # noqa: E402
from bodyverb.train.export import export_onnx  # noqa: E402

MODULES = models.by_task("verbs")
CLASSES = 4
LAYOUT = "coco17"


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=MODULES.values(), ids=MODULES.keys())
def module(request: pytest.FixtureRequest) -> ModuleType:
    return request.param


def settings(module: ModuleType, **changes):
    return dataclasses.replace(getattr(module, "SMALL", None) or module.Config(), **changes)


def made(module: ModuleType, layout: str | Skeleton = LAYOUT, *, seed=0, persons=None, dims=None, **changes):
    """A small network and its skeleton, in evaluation mode."""
    torch.manual_seed(seed)
    skeleton = skeletons.get(layout) if isinstance(layout, str) else layout
    persons = persons or max(module.CARD["persons"])
    dims = dims or max(module.CARD["dims"])
    network = module.build(settings(module, **changes), skeleton, CLASSES, dims=dims, persons=persons)
    return network.eval()


def clips(module: ModuleType, *, joints=17, batch=2, time=16, seed=1, persons=None, dims=None):
    """Bodies of random shape that sway at random speeds; position, score, seconds."""
    persons = persons or max(module.CARD["persons"])
    dims = dims or max(module.CARD["dims"])
    draw = torch.Generator().manual_seed(seed)
    seconds = torch.arange(time).float()[None].repeat(batch, 1) / 15
    body = torch.randn(batch, persons, 1, joints, dims, generator=draw) + torch.rand(dims, generator=draw)
    sway = torch.randn(batch, persons, 1, joints, dims, generator=draw)
    speed = 1 + 4 * torch.rand(batch, 1, 1, joints, 1, generator=draw)
    position = body + 0.5 * sway * torch.sin(speed * seconds[:, None, :, None, None])
    return position, torch.ones(position.shape[:-1]), seconds


def answer(network, position, score, seconds):
    """All outputs side by side, (batch, n)."""
    with torch.no_grad():
        out = network(position, score, seconds)
    return torch.cat([part.reshape(len(position), -1) for part in _tuple(out)], dim=1)


def _tuple(out):
    return out if isinstance(out, tuple) else (out,)


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=1e-4)


def with_nan(position, where):
    return torch.where(where, torch.full_like(position, float("nan")), position)


def test_card_and_settings(module):
    card = module.CARD
    assert {"name", "task", "paper", "input", "output", "dims", "persons", "streams"} <= set(card)
    assert card["dims"] and set(card["dims"]) <= {2, 3} and set(card["persons"]) <= {1, 2}
    assert inspect.getdoc(module) and models.get(card["name"].replace("-", "_")) is module
    config = module.Config()
    assert dataclasses.is_dataclass(config) and type(config).__dataclass_params__.frozen
    assert bool(card["streams"]) == hasattr(config, "stream")
    (own,) = [
        node
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef) and node.name == "Config"
    ]
    told = [
        after
        for before, after in zip(own.body, [*own.body[1:], None], strict=True)
        if isinstance(before, ast.AnnAssign)
    ]
    assert all(isinstance(after, ast.Expr) for after in told), "every setting has its line of documentation"


def test_every_shape_and_stream_forwards_and_backwards(module):
    card = module.CARD
    cases = [(dims, max(card["persons"]), {}) for dims in card["dims"]]
    cases += [(max(card["dims"]), persons, {}) for persons in card["persons"]]
    cases += [(max(card["dims"]), 1, {"stream": stream}) for stream in card["streams"]]
    for dims, persons, changes in cases:
        network = made(module, dims=dims, persons=persons, **changes).train()
        out = _tuple(network(*clips(module, dims=dims, persons=persons)))
        assert out[0].shape == (2, CLASSES) and all(torch.isfinite(part).all() for part in out)
        sum((part * torch.randn_like(part)).sum() for part in out).backward()
        for name, weight in network.named_parameters():
            assert weight.grad is not None and torch.isfinite(weight.grad).all(), name


def settled(network, inputs):
    """The network in evaluation mode, its running statistics those of `inputs`."""
    for part in network.train().modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            part.reset_running_stats()
            part.momentum = None
    with torch.no_grad():
        network(*inputs)
    return network.eval()


def test_eight_clips_can_be_learned(module):
    network = made(module).train()
    if any(isinstance(part, torch.nn.Conv2d) for part in network.modules()):
        network = network.to(memory_format=torch.channels_last)  # as the training loop has it
    inputs, label = clips(module, batch=8, time=8), torch.arange(8) % CLASSES
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3, weight_decay=0.0)
    torch.manual_seed(3)
    for _ in range(80):
        loss = torch.nn.functional.cross_entropy(_tuple(network(*inputs))[0], label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.02:
            break
    assert loss < 0.1
    settled(network, inputs)
    assert (answer(network, *inputs)[:, :CLASSES].argmax(dim=1) == label).all()


def test_order_of_people_does_not_matter(module):
    network, (position, score, seconds) = made(module), clips(module)
    close(
        answer(network, position.flip(1), score.flip(1), seconds), answer(network, position, score, seconds)
    )


def test_left_and_right_are_told_apart_and_a_mirror_of_a_mirror_is_the_clip(module):
    inputs = position, score, seconds = clips(module)
    network = settled(made(module), inputs)
    flip = torch.tensor(skeletons.get(LAYOUT).flip)
    once = mirrored(position, score, flip)
    assert (answer(network, *once, seconds) - answer(network, *inputs)).abs().max() > 1e-4
    close(answer(network, *mirrored(*once, flip), seconds), answer(network, *inputs))


def test_an_absent_person_is_no_person(module):
    if max(module.CARD["persons"]) == 1:
        pytest.skip("one person only")
    network, (position, score, seconds) = made(module), clips(module, persons=1)
    pair = torch.cat([position, torch.full_like(position, float("nan"))], dim=1)
    alone = answer(network, position, score, seconds)
    close(answer(network, pair, torch.cat([score, score], dim=1), seconds), alone)
    close(answer(network, pair.flip(1), torch.cat([0 * score, score], dim=1), seconds), alone)


def test_nan_in_finite_out(module):
    network, (position, score, seconds) = made(module), clips(module, batch=6)
    gone = torch.zeros((*position.shape[:-1], 1), dtype=torch.bool)
    gone[0, :, 3:7] = True  # nobody for a while
    gone[1] = True  # nobody ever
    gone[2, :, :, ::2] = True  # joints never seen
    gone[3, :, 1:] = True  # one frame
    gone[4, :, :, 1:] = True  # one joint
    gone[5] = torch.rand(gone[5].shape, generator=torch.Generator().manual_seed(5)) < 0.5
    damaged = with_nan(position, gone)
    assert torch.isfinite(answer(network, damaged, score, seconds)).all()
    assert torch.isfinite(answer(network, damaged, with_nan(score, gone[..., 0]), seconds)).all()
    far = torch.where(gone, torch.full_like(position, float("inf")), position)
    close(answer(network, far, score, seconds), answer(network, damaged, score, seconds))
    train = network.train()(damaged, score, seconds)
    sum(part.sum() for part in _tuple(train)).backward()
    assert all(torch.isfinite(w.grad).all() for w in network.parameters() if w.grad is not None)


def test_missing_is_not_the_origin(module):
    for stream in module.CARD["streams"] or (None,):
        position, score, seconds = clips(module)
        network = settled(made(module, **({"stream": stream} if stream else {})), (position, score, seconds))
        at = torch.zeros(17, 1, dtype=torch.bool)
        at[9] = True
        gone = answer(network, with_nan(position, at), score, seconds)
        zero = answer(network, torch.where(at, torch.zeros_like(position), position), score, seconds)
        assert (gone - zero).abs().max() > 1e-4, stream


def test_score_zero_is_missing(module):
    network, (position, score, seconds) = made(module), clips(module)
    score[..., 5] = 0
    at = torch.zeros(17, 1, dtype=torch.bool)
    at[5] = True
    close(
        answer(network, position, score, seconds),
        answer(network, with_nan(position, at), torch.ones_like(score), seconds),
    )


@pytest.mark.parametrize("time", [1, 2, 7, 33])
def test_any_length(module, time):
    network = made(module)
    assert torch.isfinite(answer(network, *clips(module, time=time))).all()


def test_every_layout(module):
    for name in skeletons.names():
        skeleton = skeletons.get(name)
        network = made(module, name, persons=1)
        inputs = clips(module, joints=len(skeleton), persons=1, time=5)
        assert torch.isfinite(answer(network, *inputs)).all(), name


def layout(joints: int, **changes) -> Skeleton:
    rope = {"parents": tuple(range(-1, joints - 1)), "limbs": tuple((a, a + 1) for a in range(joints - 1))}
    names = tuple(f"part_{number}" for number in range(joints))
    return Skeleton(
        name="own", joints=names, flip=tuple(range(joints)), root=(joints // 2,), **{**rope, **changes}
    )


def test_layouts_of_the_user(module):
    cases = [layout(5), layout(5, parents=(-1,) * 5), layout(4, parents=(-1, 0, -1, 2), limbs=())]
    for own in cases:
        inputs = clips(module, joints=len(own), persons=1, time=5)
        assert torch.isfinite(answer(made(module, own, persons=1), *inputs)).all(), own
    bare = [layout(1), layout(5, parents=(-1,) * 5, limbs=())]
    for own in bare:
        try:
            network = made(module, own, persons=1)
        except InputError as error:
            assert "bones" in str(error) or "limbs" in str(error), "one clear line"
        else:
            inputs = clips(module, joints=len(own), persons=1, time=5)
            assert torch.isfinite(answer(network, *inputs)).all()


def test_what_does_not_fit_is_refused_at_once(module):
    card = module.CARD
    wrong = [{"dims": dims} for dims in (1, 2, 3, 4) if dims not in card["dims"]]
    wrong += [{"persons": persons} for persons in (2, 3) if persons not in card["persons"]]
    wrong += [{"stream": "nonsense"}] if card["streams"] else []
    for changes in wrong:
        with pytest.raises(InputError, match=r"(?s)Expected .*got .*;"):
            made(module, **changes)


def test_the_same_seed_gives_the_same_network_and_answer(module):
    inputs = clips(module)
    one, two = made(module, seed=4), made(module, seed=4)
    assert torch.equal(answer(one, *inputs), answer(two, *inputs))
    assert torch.equal(answer(one, *inputs), answer(one, *inputs))


def test_counts(module):
    network = made(module)
    once, twice = (_count.count(network, *clips(module, batch=batch)) for batch in (1, 2))
    assert once.parameters == sum(weight.numel() for weight in network.parameters())
    assert 0 < 1.9 * once.multiply_adds < twice.multiply_adds < 2.1 * once.multiply_adds


def test_onnx_gives_the_same(module, tmp_path: Path):
    network = made(module)
    names = ("position", "score", "seconds")
    free = [{0: "batch", 2: "time"}, {0: "batch", 2: "time"}, {0: "batch", 1: "time"}]
    outputs = [f"out{number}" for number, _ in enumerate(_tuple(network(*clips(module))))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = export_onnx(
            network, clips(module), tmp_path / "m.onnx", inputs=names, outputs=outputs, dynamic=free
        )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == list(names)
    for batch, time in ((1, 1), (3, 9), (2, 32)):
        position, score, seconds = clips(module, batch=batch, time=time, seed=9)
        lost = torch.rand(score.shape, generator=torch.Generator().manual_seed(2)) < 0.2
        lost[0, -1] = True
        inputs = with_nan(position, lost[..., None]), score, seconds
        given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
        found = [torch.from_numpy(part).reshape(batch, -1) for part in session.run(None, given)]
        close(torch.cat(found, dim=1), answer(network, *inputs), atol=1e-4)
