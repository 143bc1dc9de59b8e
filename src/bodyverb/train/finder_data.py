"""Collages of cut-out people, whole pictures and renders, for training the person finder."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from bodyverb.train.cutouts import Cutout

IGNORE_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True)
class CollageConfig:
    """What the collages look like."""

    size: int = 288
    """Side of the square training canvas in px."""
    whole: float = 0.3
    """Share of canvases that show one whole picture, person in its own surroundings."""
    mosaic: float = 0.3
    """Share of canvases that are two or four such pictures side by side."""
    renders: float = 0.12
    """Share of canvases that are procedural scenes."""
    most: int = 6
    """Most people pasted on one canvas."""
    cut: float = 0.3
    """Share of pasted people of which only a part shows, as behind furniture."""
    natural: float = 0.35
    """Share of canvases at a natural picture's sharpness, without blur, noise and recompression."""


@dataclass(frozen=True)
class Collages:
    """Random canvases; item `i` of epoch `e` is always the same.

    Attributes:
        cutouts: people and backgrounds.
        scenes: (n, size, size, 3) uint8 renders and a list of (k, 4) boxes, or None.
        config: what they look like.
        count: canvases an epoch.
        seed: of the epoch.
    """

    cutouts: list[Cutout]
    scenes: tuple[np.ndarray, list[np.ndarray]] | None
    config: CollageConfig
    count: int
    seed: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, item: int) -> tuple[np.ndarray, np.ndarray, np.float32]:
        """Canvas (size, size, 3) uint8, boxes (12, 4) padded with NaN, and the weight of its empty cells."""
        rng = np.random.default_rng((self.seed, item))
        draw, weight = rng.random(), 1.0
        if self.scenes is not None and draw < self.config.renders:
            row = int(rng.integers(len(self.scenes[0])))
            canvas, boxes = self.scenes[0][row].copy(), self.scenes[1][row]
        elif draw < self.config.renders + self.config.whole:
            canvas, boxes, weight = self._whole(rng)
        elif draw < self.config.renders + self.config.whole + self.config.mosaic:
            canvas, boxes, weight = self._mosaic(rng)
        else:
            canvas, boxes = self._collage(rng)
        if rng.random() < 0.5:
            canvas = canvas[:, ::-1].copy()
            boxes = np.stack(
                [len(canvas) - 1 - boxes[:, 2], boxes[:, 1], len(canvas) - 1 - boxes[:, 0], boxes[:, 3]], 1
            )
        padded = np.full((12, 4), np.nan, np.float32)
        padded[: min(12, len(boxes))] = boxes[:12]
        return _finish(canvas, rng, self.config), padded, np.float32(weight)

    def _whole(
        self, rng: np.random.Generator, shape: tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """A picture (h, w) at random zoom, possibly cut by the canvas; others in it are not labelled, so
        empty
        cells count less."""
        height, width = shape or (self.config.size, self.config.size)
        cutout = self.cutouts[int(rng.integers(len(self.cutouts)))]
        reach = float((cutout.box[2:] - cutout.box[:2]).max())
        zoom = min(width, height) / reach * float(np.exp(rng.uniform(np.log(0.4), np.log(1.7))))
        middle = (cutout.box[:2] + cutout.box[2:]) / 2
        shift = np.array([width, height]) / 2 - zoom * middle + rng.normal(0, 0.15, 2) * [width, height]
        matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
        border = int(rng.choice([cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE]))
        fill = tuple(int(v) for v in rng.integers(0, 256, 3))
        canvas = cv2.warpAffine(
            cutout.picture,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=border,
            borderValue=fill,
        )
        box = (cutout.box.reshape(2, 2) * zoom + shift).reshape(4)
        return canvas, _visible(box[None], width, height), IGNORE_WEIGHT

    def _mosaic(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
        """Two or four whole pictures side by side: several people without an edge that cutting left."""
        size = self.config.size
        canvas = np.empty((size, size, 3), np.uint8)
        x, y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * size)
        rows = [(0, size)] if rng.random() < 0.4 else [(0, y), (y, size)]
        boxes = []
        for top, bottom in rows:
            for left, right in ((0, x), (x, size)):
                tile, found, _ = self._whole(rng, (bottom - top, right - left))
                canvas[top:bottom, left:right] = tile
                boxes.append(found + np.array([left, top, left, top], np.float32))
        return canvas, np.concatenate(boxes), IGNORE_WEIGHT

    def _collage(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        size = self.config.size
        canvas = self._background(rng)
        boxes: list[np.ndarray] = []
        number = int(rng.choice(self.config.most + 1, p=_shares(self.config.most)))
        scale = float(np.exp(rng.uniform(np.log(0.16), np.log(1.4)))) * size
        for _ in range(number):
            cutout = self.cutouts[int(rng.integers(len(self.cutouts)))]
            reach = float((cutout.box[2:] - cutout.box[:2]).max())
            zoom = min(scale * float(np.exp(rng.normal(0, 0.25))), 1.4 * size) / reach
            picture, mask = _turned(cutout, rng, zoom)
            if rng.random() < self.config.cut:
                mask = _behind(mask, rng)
            middle = rng.uniform(0.02, 0.98, 2) * size
            box = _paste(canvas, picture, mask, middle, rng)
            if box is not None:
                boxes = [b for b in boxes if _hidden(b, box) < 0.6]
                boxes.append(box)
        return canvas, np.array(boxes, np.float32).reshape(-1, 4)

    def _background(self, rng: np.random.Generator) -> np.ndarray:
        """One painted-over picture, or a mosaic of several, or a scene of flat colours."""
        size = self.config.size
        if rng.random() < 0.08:
            small = rng.integers(0, 256, (int(rng.integers(2, 9)), int(rng.integers(2, 9)), 3)).astype(
                np.uint8
            )
            method = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
            return cv2.resize(small, (size, size), interpolation=method)
        if rng.random() < 0.55:
            return self._stretch(rng, size, size)
        canvas = np.empty((size, size, 3), np.uint8)
        x, y = (int(v) for v in rng.uniform(0.25, 0.75, 2) * size)
        for rows, columns in ((slice(0, y), slice(0, x)), (slice(0, y), slice(x, size)),
                              (slice(y, size), slice(0, x)), (slice(y, size), slice(x, size))):  # fmt: skip
            canvas[rows, columns] = self._stretch(rng, columns.stop - columns.start, rows.stop - rows.start)
        return canvas

    def _stretch(self, rng: np.random.Generator, width: int, height: int) -> np.ndarray:
        """A random part of a painted-over picture, filling (height, width)."""
        picture = self.cutouts[int(rng.integers(len(self.cutouts)))].background
        h, w = picture.shape[:2]
        zoom = max(width / w, height / h) * float(rng.uniform(1, 1.8))
        part = (max(2, int(width / zoom)), max(2, int(height / zoom)))
        x, y = int(rng.integers(0, w - part[0] + 1)), int(rng.integers(0, h - part[1] + 1))
        return cv2.resize(
            picture[y : y + part[1], x : x + part[0]], (width, height), interpolation=cv2.INTER_LINEAR
        )


def _shares(most: int) -> np.ndarray:
    weights = np.array([0.6, *(1.0 / (1 + 0.45 * k) for k in range(most))])
    return weights / weights.sum()


def _turned(cutout: Cutout, rng: np.random.Generator, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """The person alone, scaled and slightly turned: (h, w, 3) and (h, w) float mask in [0, 1]."""
    low, high = np.maximum(cutout.box[:2].astype(int) - 2, 0), cutout.box[2:].astype(int) + 3
    picture, mask = (x[low[1] : high[1], low[0] : high[0]] for x in (cutout.picture, cutout.mask))
    angle = np.deg2rad(float(np.clip(rng.normal(0, 8), -20, 20)))
    h, w = mask.shape
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    size = (max(3, int(zoom * (w * cos + h * sin))), max(3, int(zoom * (h * cos + w * sin))))
    turn = zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = np.concatenate([turn, (np.array(size) / 2 - turn @ [w / 2, h / 2])[:, None]], 1)
    if zoom < 0.6:
        smaller = (max(2, w // 2), max(2, h // 2))
        matrix[:, :2] *= np.array([w / smaller[0], h / smaller[1]])
        picture, mask = (cv2.resize(x, smaller, interpolation=cv2.INTER_AREA) for x in (picture, mask))
    picture = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    return picture, soft


def _behind(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep one side of a straight edge: mostly the upper part, as of somebody behind a table."""
    mask, keep = mask.copy(), float(rng.uniform(0.35, 0.8))
    h, w = mask.shape
    side = rng.choice(4, p=[0.7, 0.1, 0.1, 0.1])
    if side == 0:
        mask[int(h * keep) :] = 0
    elif side == 1:
        mask[: h - int(h * keep)] = 0
    elif side == 2:
        mask[:, int(w * keep) :] = 0
    else:
        mask[:, : w - int(w * keep)] = 0
    return mask


def _paste(
    canvas: np.ndarray, picture: np.ndarray, mask: np.ndarray, middle: np.ndarray, rng: np.random.Generator
) -> np.ndarray | None:
    """Blend a person in; returns the box of what shows, None where next to nothing does."""
    h, w = mask.shape
    x, y = int(middle[0] - w / 2), int(middle[1] - h / 2)
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, canvas.shape[1]), min(y + h, canvas.shape[0])
    if x1 - x0 < 4 or y1 - y0 < 4:
        return None
    part = mask[y0 - y : y1 - y, x0 - x : x1 - x]
    if part.sum() < 0.3 * mask.sum() or part.sum() < 40:
        return None
    if rng.random() < 0.5:
        part = cv2.GaussianBlur(part, (3, 3), 0)
    gain, bias = rng.uniform(0.7, 1.3), rng.uniform(-25, 25)
    person = np.clip(picture[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32) * gain + bias, 0, 255)
    region = canvas[y0:y1, x0:x1]
    region[:] = (region * (1 - part[..., None]) + person * part[..., None]).astype(np.uint8)
    ys, xs = np.nonzero(part > 0.5)
    if not len(ys):
        return None
    return np.array([x0 + xs.min(), y0 + ys.min(), x0 + xs.max(), y0 + ys.max()], np.float32)


def _hidden(box: np.ndarray, front: np.ndarray) -> float:
    """Share of a box that a later one covers."""
    overlap = np.clip(np.minimum(box[2:], front[2:]) - np.maximum(box[:2], front[:2]), 0, None).prod()
    return float(overlap / max(1.0, (box[2:] - box[:2]).prod()))


def _visible(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """Boxes cut to the canvas; those mostly outside are dropped."""
    cut = np.clip(boxes, 0, np.array([width, height, width, height]) - 1)
    area, whole = (cut[:, 2:] - cut[:, :2]).prod(1), (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return cut[(area > 0.25 * whole) & ((cut[:, 2:] - cut[:, :2]) > 6).all(1)].astype(np.float32)


def _finish(canvas: np.ndarray, rng: np.random.Generator, config: CollageConfig) -> np.ndarray:
    """Colour, blur, noise and recompression of the whole canvas, which also hide the seams."""
    if rng.random() < 0.1:
        canvas = cv2.cvtColor(cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.9, 1.1, 3)
    canvas = cv2.transform(canvas, np.concatenate([np.diag(gain), rng.uniform(-20, 20, (3, 1))], 1))
    if rng.random() < config.natural:
        return canvas
    if rng.random() < 0.4:
        canvas = cv2.GaussianBlur(canvas, (3, 3), float(rng.uniform(0.3, 1.2)))
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(1, 8), canvas.shape[:2])[..., None]
        canvas = np.clip(canvas + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        canvas = np.asarray(cv2.imdecode(cv2.imencode(".jpg", canvas, quality)[1], cv2.IMREAD_COLOR))
    return canvas


def finder_targets(
    boxes: torch.Tensor, cells: int, stride: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Maps to learn from boxes.

    Args:
        boxes: (batch, n, 4) xyxy canvas px, NaN rows are padding.
        cells: side of the map.
        stride: px a cell.

    Returns:
        heat (batch, cells, cells): 1 at a box's central cell, falling off as a Gaussian of a spread that
        follows the
        box's size; sides (batch, 4, cells, cells) in cells, of the smallest box whose central part holds
        the cell;
        weight (batch, cells, cells): 1 where `sides` counts.
    """
    batch = boxes.shape[0]
    corners = (boxes + 0.5) / stride - 0.5
    present = torch.isfinite(boxes).all(-1)
    corners = torch.nan_to_num(corners)
    centre, extent = (corners[..., :2] + corners[..., 2:]) / 2, corners[..., 2:] - corners[..., :2]
    grid = torch.arange(cells, dtype=torch.float32)
    heat, weight = torch.zeros(batch, cells, cells), torch.zeros(batch, cells, cells)
    sides = torch.zeros(batch, 4, cells, cells)
    area = extent.prod(-1).masked_fill(~present, 0)
    for b in range(batch):
        for k in torch.argsort(area[b], descending=True).tolist():  # small ones last: they win
            if not present[b, k]:
                continue
            (cx, cy), (w, h) = centre[b, k], extent[b, k]
            at_x, at_y = cx.round().clamp(0, cells - 1), cy.round().clamp(0, cells - 1)
            gx = torch.exp(-((grid - at_x) ** 2) / (2 * max(0.6, float(w) / 8) ** 2))
            gy = torch.exp(-((grid - at_y) ** 2) / (2 * max(0.6, float(h) / 8) ** 2))
            heat[b] = torch.maximum(heat[b], gy[:, None] * gx[None])
            near = (gy[:, None] * gx[None]) > 0.6
            x1, y1, x2, y2 = corners[b, k]
            for i, value in enumerate((grid - x1, grid - y1, x2 - grid, y2 - grid)):
                side = value[None].expand(cells, cells) if i % 2 == 0 else value[:, None].expand(cells, cells)
                sides[b, i][near] = side[near].clamp_min(0.1)
            weight[b][near] = 1.0
    return heat, sides, weight
