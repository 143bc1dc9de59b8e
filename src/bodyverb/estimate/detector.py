"""People in a whole frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from bodyverb.core import ModelError
from bodyverb.estimate.preprocess import network_input
from bodyverb.geometry.boxes import nms
from bodyverb.infer import Session


class Detector:
    """Boxes round people.

    Args:
        session: a network with a card of task `detect`.
        threshold: least score of a box; the card's by default.
    """

    def __init__(self, session: Session, threshold: float | None = None) -> None:
        card = session.card
        kinds = {"centre": _decode_centre, "yolox": _decode_yolox}
        kind = card.decoder.get("kind")
        if kind not in kinds:
            raise ModelError(
                f"Expected decoder.kind centre or yolox, got {kind!r}; correct the card of: {card.path}"
            )
        card.need("decoder", *({"centre": ("stride",), "yolox": ("canvas",)}[kind]))
        card.need("input", *(() if "size" in card.input else ("area", "multiple")))
        if kind == "centre" and not {"centre", "sides"} <= set(session.outputs):
            raise ModelError(
                f"Expected outputs centre and sides, got {', '.join(session.outputs)}; "
                f"correct the card of: {card.path}"
            )
        self.session = session
        self._decode = kinds[kind]
        self.threshold = float(card.decoder.get("threshold", 0.4) if threshold is None else threshold)
        self.overlap = float(card.decoder.get("overlap", 0.6))

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Find people.

        Args:
            image: (h, w, 3) uint8 RGB.

        Returns:
            (n, 5) float32: x1 y1 x2 y2 px of the image and score, best first; (0, 5) where nobody is found.
        """
        card = self.session.card
        canvas, scale = letterbox(image, card.input)
        wants = card.input
        found = self.session.run(
            {wants.get("name", self.session.inputs[0]): network_input(canvas[None], wants)}
        )
        boxes = self._decode(found, card.decoder, self.session.outputs)
        boxes = boxes[boxes[:, 4] >= self.threshold]
        boxes[:, :4] = (boxes[:, :4] + 0.5) / np.tile(scale, 2) - 0.5
        limits = np.array([image.shape[1], image.shape[0]] * 2, np.float32) - 0.5
        boxes[:, :4] = np.clip(boxes[:, :4], -0.5, limits)
        boxes = boxes[((boxes[:, 2:4] - boxes[:, :2]) > 2).all(1)]
        return boxes[nms(boxes[:, :4], boxes[:, 4], self.overlap)].astype(np.float32)


def centred_boxes(image_size: tuple[int, int], score: float = 0.3) -> np.ndarray:
    """Where one person stands whom the detector missed: two upright boxes in the middle of the picture.

    Only for pose networks that score an empty crop low (their cards say `verifies`): the pose decides whether
    somebody is there.

    Args:
        image_size: (w, h) px.
        score: given to both.

    Returns:
        (2, 5) xyxy px and score: 0.9 and 0.6 of the height, half as wide.
    """
    width, height = image_size
    middle = np.array([width - 1, height - 1]) / 2
    rows = []
    for share in (0.9, 0.6):
        half = np.array([min(share * height / 2, width), share * height]) / 2
        rows.append([*(middle - half), *(middle + half), score])
    return np.array(rows, np.float32)


def letterbox(image: np.ndarray, wants: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Shrink or grow a picture into the network's canvas, top left, aspect kept.

    A card with `size` has one fixed canvas; with `area` and `multiple` the canvas takes the picture's aspect.

    Returns:
        canvas (h, w, 3) uint8 and the scale (2,) across and down, canvas px a picture px: equal but for the
        rounding to whole pixels.
    """
    height, width = image.shape[:2]
    if "size" in wants:
        across, down = wants["size"]
    else:
        multiple = int(wants["multiple"])
        ratio = float(np.clip(width / height, 1 / 3, 3))
        across = max(1, round(float(np.sqrt(wants["area"] * ratio)) / multiple)) * multiple
        down = max(1, round(float(np.sqrt(wants["area"] / ratio)) / multiple)) * multiple
    scale = min(across / width, down / height)
    inner = (min(across, max(1, round(width * scale))), min(down, max(1, round(height * scale))))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((down, across, 3), wants.get("border", 118), np.uint8)
    canvas[: inner[1], : inner[0]] = cv2.resize(image, inner, interpolation=method)
    return canvas, np.array(inner, np.float64) / (width, height)


def _decode_centre(
    found: dict[str, np.ndarray], decoder: Mapping[str, Any], outputs: tuple[str, ...]
) -> np.ndarray:
    """Local peaks of a person-centre map (h, w) with distances to the four sides in cells of the map."""
    heat = found["centre"][0, 0]
    sides = found["sides"][0]
    stride = float(decoder["stride"])
    peaks = (heat >= cv2.dilate(heat, np.ones((3, 3)))) & (heat > 0.05)
    y, x = np.nonzero(peaks)
    order = np.argsort(-heat[y, x])[:200]
    y, x = y[order], x[order]
    left, up, right, down = sides[:, y, x]
    corners = np.stack([x - left, y - up, x + right, y + down], 1)
    return np.concatenate([(corners + 0.5) * stride - 0.5, heat[y, x, None]], 1).astype(np.float32)


def _decode_yolox(
    found: dict[str, np.ndarray], decoder: Mapping[str, Any], outputs: tuple[str, ...]
) -> np.ndarray:
    """Raw YOLOX rows (x, y, log w, log h, objectness, classes...) on three grids (Ge et al. 2021)."""
    rows = found[outputs[0]][0]
    across, down = decoder["canvas"]
    grids, strides = [], []
    for stride in (8, 16, 32):
        ys, xs = np.mgrid[: down // stride, : across // stride]
        grids.append(np.stack([xs, ys], -1).reshape(-1, 2))
        strides.append(np.full((grids[-1].shape[0], 1), stride))
    grid, cell = np.concatenate(grids), np.concatenate(strides)
    centre, size = (rows[:, :2] + grid) * cell, np.exp(rows[:, 2:4]) * cell
    score = rows[:, 4] * rows[:, 5 + int(decoder.get("person", 0))]
    keep = score > 0.05
    boxes = np.concatenate([centre - size / 2, centre + size / 2, score[:, None]], 1)[keep]
    return boxes[np.argsort(-boxes[:, 4])[:300]].astype(np.float32)
