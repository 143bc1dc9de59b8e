import numpy as np
import pytest
import torch

from bodyverb.infer.quantize import quantize_int8
from bodyverb.models import finder
from bodyverb.train.export_pose import export_finder
from bodyverb.train.from_onnx import folded_weights, unfold

SMALL = finder.Config(stem=8, widths=(8, 16, 16, 16), blocks=(1, 1, 1, 1), neck=16)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network whose batch norms are far from fresh, its ONNX file, and pictures."""
    torch.manual_seed(0)
    module = finder.build(SMALL)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean):
                torch.nn.init.uniform_(values, 0.2, 1)
            torch.nn.init.uniform_(layer.running_var, 0.5, 2)
    path = tmp_path_factory.mktemp("from_onnx") / "best.pt"
    torch.save({"module": module.state_dict()}, path)
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8))
    return module.eval(), export_finder(path, path.with_suffix(".onnx"), SMALL), pictures


def test_a_folded_network_computes_and_trains_as_before(trained):
    module, source, pictures = trained
    weights = folded_weights(source)
    again = finder.build(SMALL)
    assert unfold(again, weights, pictures) == sum(isinstance(m, torch.nn.Conv2d) for m in again.modules())
    with torch.no_grad():
        for mine, theirs in zip(again(pictures), module(pictures), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)
        again.train()  # the batch's own statistics are those that were put in
        for mine, theirs in zip(again(pictures), module(pictures), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=0.1, atol=0.05)


def test_int8_weights_are_near(trained, tmp_path):
    _, source, pictures = trained
    samples = [{"image": picture[None].numpy()} for picture in pictures]
    exact, near = (
        folded_weights(source),
        folded_weights(quantize_int8(source, tmp_path / "int8.onnx", samples)),
    )
    convolutions = [name for name, value in exact.items() if value.ndim == 4]
    assert len(convolutions) > 10
    for name in convolutions:
        step = exact[name].abs().amax() / 127
        torch.testing.assert_close(near[name], exact[name], rtol=0, atol=0.51 * float(step))


def test_layers_that_do_not_fit_stay(trained):
    _, source, pictures = trained
    weights = folded_weights(source)
    other = finder.build(finder.Config(stem=8, widths=(8, 16, 16, 24), blocks=(1, 1, 1, 1), neck=16))
    before = other.state_dict()["stages.3.0.conv1.weight"].clone()
    taken = unfold(other, weights, pictures)
    assert 0 < taken < sum(isinstance(m, torch.nn.Conv2d) for m in other.modules())
    assert torch.equal(other.state_dict()["stages.3.0.conv1.weight"], before)
    assert torch.equal(other.state_dict()["stem.0.0.weight"], weights["stem.0.0.weight"])
