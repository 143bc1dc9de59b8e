"""Boxes: YOLOX's raw rows, RTMDet's finished ones; half pixels, classes, nobody, no numbers."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bodyverb.core import ModelError
from bodyverb.estimate.detector import Detector
from bodyverb.infer import load

SIZE = (80, 64)
PICTURE = (160, 128)
INPUT = {"size": list(SIZE), "layout": "nchw", "channels": "rgb", "border": 114}


def red(*rectangles: tuple[int, int, int, int], size: tuple[int, int] = PICTURE) -> np.ndarray:
    """A dark picture (h, w, 3) with the pixels x1..x2 - 1, y1..y2 - 1 of each rectangle red."""
    image = np.full((size[1], size[0], 3), 20, np.uint8)
    for x1, y1, x2, y2 in rectangles:
        image[y1:y2, x1:x2, 0] = 255
    return image


def card(**decoder: Any) -> dict[str, Any]:
    return {"task": "detect", "input": INPUT, "decoder": decoder}


def network(graphs: ModuleType, folder: Path, values: dict[str, np.ndarray], **decoder: Any) -> Detector:
    place = graphs.constant(folder, values, card(**decoder), shape=[1, 3, SIZE[1], SIZE[0]], a_picture=False)
    return Detector(load(str(place), "detect"))


def detections(rows: list[list[float]], labels: list[int]) -> dict[str, np.ndarray]:
    table = np.array(rows, np.float32).reshape(1, -1, 5)
    return {"dets": table, "labels": np.array([labels], np.int64).reshape(1, -1)}


def test_a_box_lies_round_the_pixels_that_the_network_sees(graphs: ModuleType, tmp_path: Path) -> None:
    """A red rectangle of whole pixels has its edges half a pixel outside their centres."""
    place = graphs.boxes_of_red(tmp_path / "net", card(kind="boxes"), SIZE)
    found = Detector(load(str(place), "detect"))(red((40, 20, 60, 80)))
    np.testing.assert_allclose(found, [[39.5, 19.5, 59.5, 79.5, 1]], atol=1e-4)


@pytest.mark.parametrize("size", [(160, 96), (96, 128)])
def test_a_picture_in_the_middle_of_the_canvas(
    graphs: ModuleType, tmp_path: Path, size: tuple[int, int]
) -> None:
    wants = INPUT | {"size": list(PICTURE), "place": "middle"}
    place = graphs.boxes_of_red(tmp_path / "net", card(kind="boxes") | {"input": wants}, PICTURE)
    detector = Detector(load(str(place), "detect"))
    np.testing.assert_allclose(
        detector(red((40, 20, 60, 80), size=size)), [[39.5, 19.5, 59.5, 79.5, 1]], atol=1e-4
    )
    far = red((size[0] - 8, size[1] - 6, size[0], size[1]), size=size)
    edges = [size[0] - 8.5, size[1] - 6.5, size[0] - 0.5, size[1] - 0.5, 1]
    np.testing.assert_allclose(detector(far), [edges], atol=1e-4)


def test_finished_boxes(graphs: ModuleType, tmp_path: Path) -> None:
    rows = [
        [10, 8, 30, 40, 0.9],
        [40, 8, 60, 40, 0.8],
        [10, 8, 30, 41, 0.7],
        [62, 8, 70, 30, 0.35],
        [0, 0, 0, 0, 0],
    ]
    values = detections(rows, [0, 1, 0, 0, 0])
    found = network(graphs, tmp_path / "a", values, kind="boxes", threshold=0.3, overlap=1.0)(red())
    expected = [
        [19.5, 15.5, 59.5, 79.5, 0.9],
        [19.5, 15.5, 59.5, 81.5, 0.7],
        [123.5, 15.5, 139.5, 59.5, 0.35],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(network(graphs, tmp_path / "b", values, kind="boxes")(red())) == 1  # 0.4 and overlap 0.6
    found = network(graphs, tmp_path / "c", values, kind="boxes", person=1)(red())
    np.testing.assert_allclose(found, [[79.5, 15.5, 119.5, 79.5, 0.8]], atol=1e-4)


def test_nobody(graphs: ModuleType, tmp_path: Path) -> None:
    none = network(graphs, tmp_path / "a", detections([], []), kind="boxes")(red())
    other = network(graphs, tmp_path / "b", detections([[1, 1, 20, 20, 0.9]], [3]), kind="boxes")(red())
    assert none.shape == other.shape == (0, 5) and none.dtype == np.float32


def test_what_is_no_number_is_no_box(graphs: ModuleType, tmp_path: Path) -> None:
    nan, inf = np.nan, np.inf
    rows = [[nan, 8, 30, 40, 0.9], [10, 8, inf, 40, 0.9], [10, 8, 30, 40, nan], [-inf, 8, 30, 40, inf],
            [1e38, 8, 3e38, 40, 0.9], [40, 8, 60, 40, 0.8]]  # fmt: skip
    found = network(graphs, tmp_path / "net", detections(rows, [0] * 6), kind="boxes")(red())
    np.testing.assert_allclose(found, [[79.5, 15.5, 119.5, 79.5, 0.8]], atol=1e-4)


def test_names_of_outputs_come_from_the_card(graphs: ModuleType, tmp_path: Path) -> None:
    given = detections([[10, 8, 30, 40, 0.9]], [0])
    values = {"l": given["labels"], "b": given["dets"]}
    assert len(network(graphs, tmp_path / "a", values, kind="boxes", boxes="b", labels="l")(red())) == 1
    with pytest.raises(ModelError, match=r"Expected outputs dets, labels for decoder.kind boxes, got l, b"):
        network(graphs, tmp_path / "b", values, kind="boxes")


def yolox_rows(strides: tuple[int, ...], classes: int = 2) -> np.ndarray:
    count = sum((SIZE[0] // s) * (SIZE[1] // s) for s in strides)
    return np.zeros((1, count, 5 + classes), np.float32)


def test_yolox_rows_are_read_on_their_grids(graphs: ModuleType, tmp_path: Path) -> None:
    rows = yolox_rows((8, 16, 32))
    rows[0, 10 * 8 + 5 * 1 + 2] = [0.5, 0.25, np.log(2), np.log(1.5), 0.9, 0.1, 0.8]  # stride 16, cell (2, 1)
    rows[0, 10 * 8 + 5 * 4 + 1] = [0.25, 0.5, 0, 0, 0.5, 0.9, 0.9]  # stride 32, cell (1, 0)
    rows[0, 10 * 3 + 4] = [0, 0, np.log(3), np.log(4), 0.8, 0.0, 0.8]  # stride 8, cell (4, 3)
    detector = network(graphs, tmp_path / "net", {"output": rows}, kind="yolox", person=1, overlap=0.9)
    expected = []  # px of a picture twice as large, edges on edges
    for cell, stride, offset, size, score in (
        ((2, 1), 16, (0.5, 0.25), (2, 1.5), 0.72), ((4, 3), 8, (0, 0), (3, 4), 0.64),
        ((1, 0), 32, (0.25, 0.5), (1, 1), 0.45),
    ):  # fmt: skip
        middle = (np.add(cell, offset)) * stride
        half = np.multiply(size, stride) / 2
        expected.append([*(2 * (middle - half) - 0.5), *(2 * (middle + half) - 0.5), score])
    expected = np.clip(expected, -0.5, [159.5, 127.5, 159.5, 127.5, 1])
    np.testing.assert_allclose(detector(red()), expected, atol=1e-3)


def test_yolox_on_other_strides_and_without_numbers(graphs: ModuleType, tmp_path: Path) -> None:
    rows = yolox_rows((8, 16), 1)
    rows[0, 3] = [0, 0, 900, 0, 1, 1]  # e to the 900
    rows[0, 4] = [np.nan, 0, 0, 0, 1, 1]
    rows[0, 5] = [0, 0, 1, 1, np.nan, 1]
    rows[0, 10 * 8 + 6] = [0.5, 0.5, 0, 0, 1, 1]
    found = network(graphs, tmp_path / "a", {"output": rows}, kind="yolox", strides=[8, 16])(red())
    np.testing.assert_allclose(found, [[31.5, 31.5, 63.5, 63.5, 1]], atol=1e-4)
    with pytest.raises(
        ModelError, match=r"shape \(1, 104, 5 \+ classes\) as the card says .*got \(1, 100, 6\)"
    ):
        network(graphs, tmp_path / "b", {"output": rows}, kind="yolox")
    beyond = network(graphs, tmp_path / "c", {"output": rows}, kind="yolox", strides=[8, 16], person=4)
    with pytest.raises(ModelError, match="100 rows of at least 10 numbers .* got 100 rows of 6"):
        beyond(red())


def test_thousands_of_boxes_are_soon_suppressed(graphs: ModuleType, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 40, (5000, 2))
    rows = np.concatenate([corner, corner + rng.uniform(5, 20, (5000, 2)), rng.uniform(0.5, 1, (5000, 1))], 1)
    detector = network(
        graphs, tmp_path / "net", detections(rows.tolist(), [0] * 5000), kind="boxes", overlap=1.0
    )
    found = detector(red())
    assert len(found) == 300 and (np.diff(found[:, 4]) <= 0).all()
    assert found[-1, 4] == np.float32(np.sort(rows[:, 4])[-300])
