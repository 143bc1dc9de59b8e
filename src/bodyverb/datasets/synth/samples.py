"""Training pictures from the renderer: person crops with lsp14 joints, and whole scenes with person boxes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from bodyverb.datasets.synth import motions, textures
from bodyverb.datasets.synth.body import random_body
from bodyverb.datasets.synth.figure import PAINT, dress, random_look
from bodyverb.datasets.synth.made import Made, Prop, settle
from bodyverb.datasets.synth.render import Actor, placed, render_frame
from bodyverb.datasets.synth.scene import Scene, draw_scene, random_scene
from bodyverb.datasets.synth.shade import random_light
from bodyverb.geometry.cameras import Pinhole
from bodyverb.geometry.rotation import about_y, rotate, unit

_BANK = 24


class Sampler:
    """Draws samples from a bank of surfaces and places that is made once; all randomness comes from ``rng``.

    Args:
        rng: source of every draw.
        bank: number of clutter pictures and of places kept for backgrounds.
    """

    def __init__(self, rng: np.random.Generator, bank: int = _BANK) -> None:
        self.rng = rng
        kinds = [
            textures.clutter,
            textures.clutter,
            textures.wall,
            textures.horizon,
            textures.grass,
            textures.plain,
        ]
        self.pictures = [textures.finish(kinds[int(rng.integers(len(kinds)))](rng, 256)) for _ in range(bank)]
        self.scenes = [random_scene(rng, detail=192) for _ in range(max(2, bank // 3))]

    def _person(self, name: str | None = None) -> Actor:
        """A dressed person at one random moment of a random motion; joints (1, 25, 3)."""
        rng = self.rng
        if name is None:
            table = motions.names("verbs") if rng.uniform() < 0.5 else motions.names("everyday")
            name = "free" if rng.uniform() < 0.3 else str(rng.choice(table))
        times = np.linspace(0.0, 1.0, 7) * rng.uniform(0.6, 3.0)
        body = random_body(rng)
        result, _ = motions.make(name, times, rng=rng, body=body)
        k = slice(moment := int(rng.integers(len(times))), moment + 1)
        props = [Prop(p.start[k], p.end[k], p.radius, p.paint) for p in result.props]
        contact = "none" if result.contact != "frame" else "frame"
        still = settle(Made(result.position[k], contact, props), body.height / 1.72)
        shift = still.position[0, 0] * np.array([1.0, 0.0, 1.0])
        still = placed(still, -shift[0], -shift[2], 0.0)
        look = random_look(rng)
        return Actor("1", still.position, dress(still.position, body, look, still.props), look)

    def _camera(self, person: Actor, size: int) -> Pinhole:
        """A camera round the person: any side, mostly from eye height, framing the joints with random
        margins."""
        rng, joints = self.rng, person.position[0]
        around = rng.uniform(-np.pi, np.pi)
        high = np.clip(rng.normal(0.12, 0.22), -0.25, 1.0)
        far = rng.uniform(2.6, 9.0)
        middle = 0.5 * (joints.min(0) + joints.max(0))
        direction = np.array([np.cos(high) * np.sin(around), np.sin(high), np.cos(high) * np.cos(around)])
        roll = float(rng.normal(0, 0.12)) if rng.uniform() < 0.85 else float(rng.uniform(-np.pi, np.pi))
        eye = middle + far * direction
        eye[1] = max(eye[1], 0.15)
        camera = Pinhole.looking(eye, middle, (size, size), focal_px=1000.0, roll=roll)
        flat = camera.project(joints)
        low, high_px = flat.min(0), flat.max(0)
        margins = rng.uniform(0.04, 0.42, 4)
        extent = float((high_px - low).max())
        low, high_px = low - margins[:2] * extent * 0.5, high_px + margins[2:] * extent * 0.5
        zoom = size / float((high_px - low).max())
        centre = zoom * (0.5 * (low + high_px) - camera.matrix[:2, 2])
        matrix = np.array([[1000.0 * zoom, 0, 0], [0, 1000.0 * zoom, 0], [0, 0, 1.0]])
        matrix[:2, 2] = (size - 1) / 2 - centre
        return Pinhole(
            rotation=camera.rotation, translation=camera.translation, matrix=matrix, size=(size, size)
        )

    def _backdrop(self, camera: Pinhole) -> np.ndarray:
        """A place, or a cut of a flat picture, behind the person."""
        rng = self.rng
        if rng.uniform() < 0.45:
            scene = self.scenes[int(rng.integers(len(self.scenes)))]
            x, z = camera.eye[0], camera.eye[2]
            if abs(x) < scene.half[0] - 0.2 and abs(z) < scene.half[1] - 0.2:
                return draw_scene(scene, camera)
        picture = self.pictures[int(rng.integers(len(self.pictures)))]
        width, height = camera.size
        n, angle = picture.shape[0], rng.uniform(-0.3, 0.3)
        zoom = rng.uniform(0.8, 2.2) * max(width, height) / n
        matrix = cv2.getRotationMatrix2D((n / 2, n / 2), float(np.degrees(angle)), float(zoom))
        matrix[:, 2] += np.array([width, height]) / 2 - n / 2 + rng.uniform(-0.2, 0.2, 2) * max(width, height)
        flat = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
        gain, lift = rng.uniform(0.6, 1.2), rng.uniform(-25, 25)
        return cv2.convertScaleAbs(flat, alpha=float(gain), beta=float(max(lift, 0)))

    def _style(self) -> Scene:
        """Light, softness and grain of one picture."""
        rng = self.rng
        return Scene(surfaces=(), light=random_light(rng), grain=float(rng.uniform(0, 9) ** 1.0),
                     blur=float(rng.uniform(0.3, 1.0)))  # fmt: skip

    def pose(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """One person crop: image (size, size, 3) uint8 and joints (14, 3) x, y, visible."""
        rng = self.rng
        person = self._person()
        camera = self._camera(person, size)
        cast = [person]
        if rng.uniform() < 0.12:
            other = self._person()
            aside = camera.rotation[0] * rng.choice([-1.0, 1.0]) * rng.uniform(0.7, 1.6)
            behind = camera.rotation[2] * rng.uniform(0.2, 1.5)
            cast.append(_moved(other, (aside + behind) * np.array([1.0, 0.0, 1.0])))
        image, joints = render_frame(cast, 0, camera, self._backdrop(camera), self._style(), rng)
        if rng.uniform() < 0.25:
            quality = int(rng.integers(25, 80))
            packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
        return image, joints[0]

    def scene(self, size: int, most: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One whole frame with 0..``most`` people.

        Returns:
            image (size, size, 3) uint8, boxes (n, 4) xyxy px of the visible figures clipped to the picture,
            joints (n, 14, 3).
        """
        rng = self.rng
        scene = self.scenes[int(rng.integers(len(self.scenes)))]
        around = rng.uniform(-np.pi, np.pi)
        far = rng.uniform(0.6, 0.92) * min(*scene.half, 7.5)
        eye = np.array([np.sin(around) * far, rng.uniform(0.7, 2.3), np.cos(around) * far])
        camera = Pinhole.looking(eye, rng.normal((0.0, 0.95, 0.0), 0.3), (size, size),
                                 fov_deg=float(rng.uniform(35, 75)), roll=float(rng.normal(0,
                                 0.04)))  # fmt: skip
        ahead = unit(camera.rotation[2] * np.array([1.0, 0.0, 1.0]))
        right = camera.rotation[0]
        cast = []
        for _ in range(int(rng.integers(0, most + 1))):
            depth = float(np.exp(rng.uniform(np.log(2.0), np.log(far + 0.75 * min(*scene.half, 9.0)))))
            aside = rng.uniform(-0.95, 0.95) * depth * (size / 2 / camera.matrix[0, 0])
            spot = eye * np.array([1.0, 0.0, 1.0]) + ahead * depth + right * aside
            cast.append(_moved(self._person(), spot * np.array([1.0, 0.0, 1.0]), rng.uniform(-np.pi, np.pi)))
        backdrop = draw_scene(scene, camera) if rng.uniform() < 0.7 else self._backdrop(camera)
        image, joints = render_frame(cast, 0, camera, backdrop, self._style(), rng)
        boxes = np.array([_box(person, camera) for person in cast]).reshape(-1, 4)
        keep = _kept(boxes, joints)
        return image, boxes[keep].astype(np.float32), joints[keep].astype(np.float32)


def _moved(person: Actor, shift: np.ndarray, yaw: float = 0.0) -> Actor:
    """The person turned about the origin and moved along the floor."""
    turn = about_y(yaw)
    s = person.shapes
    shapes = replace(
        s,
        a=rotate(turn, s.a) + shift,
        b=rotate(turn, s.b) + shift,
        centre=rotate(turn, s.centre) + shift,
        axes=turn @ s.axes,
    )
    return Actor(person.person_id, rotate(turn, person.position) + shift, shapes, person.look)


def _box(person: Actor, camera: Pinhole) -> np.ndarray:
    """Box (4,) of the figure's skin in the picture, clipped to it; NaN where some of it is behind the
    camera."""
    s = person.shapes
    points = np.concatenate([s.a[0], s.b[0], s.centre[0]])
    radii = np.concatenate([s.ra, s.rb, 0.75 * np.linalg.norm(s.axes[0], axis=1).mean(-1)])
    paints = np.concatenate([s.capsule_paint, s.capsule_paint, s.ellipsoid_paint])
    points = np.concatenate([points[paints < PAINT["steel"]], person.position[0]])
    radii = np.concatenate([radii[paints < PAINT["steel"]], np.zeros(len(points))])[: len(points)]
    depth = camera.view(points)[:, 2]
    if depth.min() < 0.3:
        return np.full(4, np.nan)
    flat, reach = camera.project(points), (camera.matrix[0, 0] * radii / depth)[:, None]
    width, height = camera.size
    low = np.clip((flat - reach).min(0), 0, [width - 1, height - 1])
    high = np.clip((flat + reach).max(0), 0, [width - 1, height - 1])
    return np.concatenate([low, high])


def _kept(boxes: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """People to be found: at least a quarter of the joints visible and a box of some pixels."""
    if len(boxes) == 0:
        return np.zeros(0, bool)
    shown = (joints[..., 2] > 0).sum(-1) >= 4
    large = np.isfinite(boxes).all(-1) & ((boxes[:, 2:] - boxes[:, :2]) > 6).all(-1)
    return shown & large


def pose_samples(n: int, rng: np.random.Generator, size: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """Person crops for the pose net: all motions and free poses, from all sides, before random backgrounds.

    Args:
        n: number of samples.
        rng: source of every draw.
        size: side of the square crop in pixels; the joints' box with random margins fills its longer side.

    Returns:
        images (n, size, size, 3) uint8 RGB, joints (n, 14, 3) float32: x, y px (centre of the first pixel
        is 0, 0) and
        visible 1 / occluded 0, lsp14 order.
    """
    sampler = Sampler(rng)
    pairs = [sampler.pose(size) for _ in range(n)]
    if not pairs:
        return np.zeros((0, size, size, 3), np.uint8), np.zeros((0, 14, 3), np.float32)
    return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs]).astype(np.float32)


def scene_samples(
    n: int, rng: np.random.Generator, size: int = 320
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Whole frames with 0 to 4 people for the person finder.

    Returns:
        images (n, size, size, 3) uint8 RGB, boxes: n arrays (k, 4) xyxy px, joints: n arrays (k, 14, 3) as in
        ``pose_samples``.
    """
    sampler = Sampler(rng)
    drawn = [sampler.scene(size) for _ in range(n)]
    images = np.stack([d[0] for d in drawn]) if drawn else np.zeros((0, size, size, 3), np.uint8)
    return images, [d[1] for d in drawn], [d[2] for d in drawn]
