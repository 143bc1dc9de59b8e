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
    mosaic: float = 0.22
    """Share of canvases that are two or four such pictures side by side."""
    renders: float = 0.06
    """Share of canvases that are procedural scenes."""
    close: float = 0.4
    """Share of whole pictures so near that only a part of the person is in view."""
    nearest: float = 3.5
    """Most zoom of these, in heights of the person a side of the canvas."""
    furniture: float = 0.3
    """Share of whole pictures where something stands before the person."""
    fallen: float = 0.4
    """Chance that a person not upright is kept when drawn: acrobats are rarer in life than in LSP."""
    things: float = 1.6
    """Mean number of pasted things that are nobody on a collage: they teach that not all that stands out is
    a person."""
    light: float = 0.35
    """Share of canvases with another tone curve: dim rooms, glare."""
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

    def _somebody(self, rng: np.random.Generator) -> Cutout:
        """A random person, mostly one upright."""
        for _ in range(20):
            found = self.cutouts[int(rng.integers(len(self.cutouts)))]
            if found.upright or rng.random() < self.config.fallen:
                break
        return found

    def _whole(
        self, rng: np.random.Generator, shape: tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """A picture (h, w) at random zoom, possibly cut by the canvas or half hidden.

        Others in it are not labelled, so empty cells count less.
        """
        height, width = shape or (self.config.size, self.config.size)
        cutout = self._somebody(rng)
        matrix = self._view(cutout, rng, (width, height))
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
        box = (cutout.box.reshape(2, 2) * matrix[0, 0] + matrix[:, 2]).reshape(4)
        if (
            (box[:2] >= 0).all()
            and (box[2:] < (width, height)).all()
            and rng.random() >= self.config.furniture
        ):
            return canvas, box[None].astype(np.float32), IGNORE_WEIGHT
        mask = cv2.warpAffine(cutout.mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
        if rng.random() < self.config.furniture:
            self._furnish(canvas, mask, box, rng)
        return canvas, _in_view(mask), IGNORE_WEIGHT

    def _view(self, cutout: Cutout, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Picture to canvas (2, 3): the whole person somewhere, or a close look at some part of them."""
        reach = float((cutout.box[2:] - cutout.box[:2]).max())
        close = rng.random() < self.config.close
        low, high = (1.4, self.config.nearest) if close else (0.4, 1.4)
        zoom = min(size) / reach * float(np.exp(rng.uniform(np.log(low), np.log(high))))
        aim = (cutout.box[:2] + cutout.box[2:]) / 2
        if close:  # mostly the upper part of what is seen of the person
            ys, xs = np.nonzero(cutout.mask)
            at = int(min(rng.random(3)[: rng.integers(1, 4)]) * (len(ys) - 1))
            aim = np.array([xs[at], ys[at]], float)
        shift = np.array(size) / 2 - zoom * aim + rng.normal(0, 0.15, 2) * size
        return np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])

    def _furnish(
        self, canvas: np.ndarray, mask: np.ndarray, box: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Put a table, a wall or a fence of another picture before one side of the person; changes both."""
        height, width = mask.shape
        box = np.clip(box, 0, np.array([width, height, width, height]) - 1)
        keep = rng.uniform(0.3, 0.8)
        edges = box[:2] + keep * (box[2:] - box[:2])
        tilt = rng.uniform(-0.15, 0.15) * width
        side = rng.choice(3, p=[0.7, 0.15, 0.15])
        if side == 0:
            corners = [(0, edges[1] - tilt), (width, edges[1] + tilt), (width, height), (0, height)]
        elif side == 1:
            corners = [(edges[0] - tilt, 0), (width, 0), (width, height), (edges[0] + tilt, height)]
        else:
            far = box[2] - keep * (box[2] - box[0])
            corners = [(0, 0), (far - tilt, 0), (far + tilt, height), (0, height)]
        if rng.random() < 0.5:  # it ends somewhere
            reach = rng.uniform(0.6, 1.2) * max(box[2] - box[0], box[3] - box[1])
            centre = (box[:2] + box[2:]) / 2
            limits = np.concatenate([centre - reach, centre + reach])
            corners = [tuple(np.clip(c, limits[:2], limits[2:])) for c in corners]
        shape = np.zeros_like(mask)
        cv2.fillPoly(shape, [np.round(corners).astype(np.int32)], 1)
        front = self._stretch(rng, width, height)
        canvas[shape > 0] = front[shape > 0]
        mask[shape > 0] = 0

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
        for _ in range(int(rng.poisson(self.config.things))):
            picture, mask = self._thing(rng, scale * float(np.exp(rng.normal(0, 0.4))))
            _paste(canvas, picture, mask, rng.uniform(0.02, 0.98, 2) * size, rng)
        for _ in range(number):
            cutout = self._somebody(rng)
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

    def _thing(self, rng: np.random.Generator, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Something that is nobody, about `reach` px long: (h, w, 3) and (h, w) float mask in [0, 1].

        A round or angular piece of a picture without its person; a person's pixels out of order; or a
        person's outline filled with something else.
        """
        longest, ratio = float(np.clip(reach, 12, 1.2 * self.config.size)), float(rng.uniform(0.25, 1))
        shape = (longest, longest * ratio) if rng.random() < 0.6 else (longest * ratio, longest)
        height, width = max(8, int(shape[0])), max(8, int(shape[1]))
        kind = rng.random()
        if kind < 0.5:
            return self._stretch(rng, width, height), _blob(rng, width, height)
        cutout = self._somebody(rng)
        low, high = np.maximum(cutout.box[:2].astype(int), 0), cutout.box[2:].astype(int) + 1
        person, outline = (x[low[1] : high[1], low[0] : high[0]] for x in (cutout.picture, cutout.mask))
        if kind < 0.8:
            person = cv2.resize(person, (width, height), interpolation=cv2.INTER_LINEAR)
            return _shuffled(person, rng), _blob(rng, width, height)
        size = (max(8, outline.shape[1] * height // outline.shape[0]), height)
        mask = cv2.resize(outline, size, interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
        return self._stretch(rng, *size), mask[::-1].copy() if rng.random() < 0.5 else mask

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


def _blob(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """(height, width) float32 mask of a random outline: angular or round, full or dented."""
    count = int(rng.integers(3, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = rng.uniform(0.55, 1.0, count)
    half = np.array([width, height]) / 2
    corners = half + radius[:, None] * half * np.stack([np.cos(angles), np.sin(angles)], 1)
    mask: np.ndarray = np.zeros((height, width), np.uint8)
    if rng.random() < 0.25:
        cv2.ellipse(mask, ((*half,), (width - 2.0, height - 2.0), 0.0), 255, -1)
    else:
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255)
    if rng.random() < 0.5:
        mask = 255 * (cv2.GaussianBlur(mask, (0, 0), 0.04 * min(width, height) + 0.5) > 127)
    return mask.astype(np.float32) / 255


def _shuffled(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture cut into 9 to 25 tiles, out of order and turned over."""
    n = int(rng.integers(3, 6))
    height, width = (side // n for side in picture.shape[:2])
    if min(height, width) < 2:
        return picture[::-1].copy()
    tiles = [picture[y * height :, x * width :][:height, :width] for y in range(n) for x in range(n)]
    out = picture.copy()
    for at, tile in enumerate(rng.permutation(n * n)):
        y, x = divmod(at, n)
        flips = (slice(None, None, int(rng.choice([-1, 1]))), slice(None, None, int(rng.choice([-1, 1]))))
        out[y * height : (y + 1) * height, x * width : (x + 1) * width] = tiles[tile][flips]
    return out


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


def _in_view(mask: np.ndarray) -> np.ndarray:
    """(1, 4) box of what shows of a person; (0, 4) where that is next to nothing."""
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if np.count_nonzero(mask) < 0.02 * mask.size:
        return np.zeros((0, 4), np.float32)
    x, y, w, h = cv2.boundingRect(mask)
    return np.array([[x, y, x + w - 1, y + h - 1]], np.float32)


def _finish(canvas: np.ndarray, rng: np.random.Generator, config: CollageConfig) -> np.ndarray:
    """Colour, blur, noise and recompression of the whole canvas, which also hide the seams."""
    if rng.random() < 0.1:
        canvas = cv2.cvtColor(cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.9, 1.1, 3)
    canvas = cv2.transform(canvas, np.concatenate([np.diag(gain), rng.uniform(-20, 20, (3, 1))], 1))
    if rng.random() < config.light:
        curve = 255 * (np.arange(256) / 255) ** float(np.exp(rng.uniform(-0.6, 0.6)))
        canvas = cv2.LUT(canvas, np.round(curve * rng.uniform(0.7, 1)).astype(np.uint8))
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
