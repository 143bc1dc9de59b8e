"""What the report page knows, as plain data of bounded size: no more than a screen can show."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bodyverb.core import PoseSequence, Recording, Segment, Skeleton, Timeline
from bodyverb.outputs.overlay import OverlayDrawer
from bodyverb.outputs.palette import hex_of, person_colour, verb_colour

ABSENT = -32768
_TEXT = 120
_QUALITY_BINS = 400
_BINS = 512
_ROWS = 2048
_ANGLES = {
    "knee": ("hip", "knee", "ankle"),
    "hip": ("shoulder", "hip", "knee"),
    "elbow": ("shoulder", "elbow", "wrist"),
    "shoulder": ("hip", "shoulder", "elbow"),
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds that keep the page small.

    Attributes:
        values: 16-bit numbers for all curves together.
        curves: People with curves.
        people: People listed.
        segments: Verb segments listed.
    """

    values: int = 1_050_000
    curves: int = 100
    people: int = 400
    segments: int = 3000


def joint_angles(position: np.ndarray, skeleton: Skeleton) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Angles at the knees, hips, elbows and shoulders, as they look in the picture (or in space, in 3D).

    Args:
        position: (T, J, 2|3).
        skeleton: The layout; angles whose joints it lacks are left out.

    Returns:
        [(name, side)] of A angles and (T, A) float32 degrees in [0, 180], 180 = stretched, NaN where a joint
        is absent.
    """
    have = {name: at for at, name in enumerate(skeleton.joints)}
    names, columns = [], []
    for name, parts in _ANGLES.items():
        for side in ("left", "right"):
            joints = [have.get(f"{side}_{part}", -1) for part in parts]
            if min(joints) < 0:
                continue
            a, b, c = (position[:, joint].astype(np.float64) for joint in joints)
            u, v = a - b, c - b
            length = np.linalg.norm(u, axis=-1) * np.linalg.norm(v, axis=-1)
            cosine = np.divide((u * v).sum(axis=-1), length, out=np.full(len(u), np.nan), where=length > 0)
            names.append((name, side))
            columns.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    angles = np.stack(columns, axis=1) if columns else np.zeros((len(position), 0))
    return names, angles.astype(np.float32)


def key_times(recording: Recording, timeline: Timeline | None = None, count: int = 8) -> list[float]:
    """Times worth a picture, rising: the middles of the longest verbs, then an even spread."""
    times = recording.timestamps_s
    if not times.size or count < 1:
        return []
    segments = recording.segments if timeline is None else timeline.segments
    named = sorted((s for s in segments if s.verb != "unknown"), key=lambda s: s.start_s - s.end_s)
    wanted = [(s.start_s + s.end_s) / 2 for s in named[: count // 2]]
    spread = (times[0] + (times[-1] - times[0]) * (np.arange(count) + 0.5) / count).tolist()
    apart = (times[-1] - times[0]) / (2 * count)
    for time_s in spread:
        if len(wanted) < count and all(abs(time_s - other) > apart for other in wanted):
            wanted.append(time_s)
    nearest = {float(times[np.abs(times - time_s).argmin()]) for time_s in wanted}
    return sorted(nearest)


def report_data(
    recording: Recording,
    timeline: Timeline | None,
    *,
    raw: Recording | None,
    how: Mapping[str, Any],
    pictures: list[dict[str, Any]],
    video: str | None,
    limits: Limits,
) -> dict[str, Any]:
    """Everything the page shows; see `report.report_html`; `pictures` from `key_pictures`."""
    measured = recording if raw is None else raw
    segments = recording.segments if timeline is None else timeline.segments
    classes = timeline.classes if timeline is not None else ()
    times = recording.timestamps_s
    order = sorted(range(len(recording.tracks)), key=lambda at: -recording.tracks[at].frames)[: limits.people]
    order.sort()
    listed = {recording.tracks[at].person_ids[0]: row for row, at in enumerate(order)}
    kept = _kept_segments(segments, listed, limits.segments)
    verbs = list(dict.fromkeys(segment.verb for _, segment in kept))
    skeleton = recording.tracks[0].skeleton if recording.tracks else None
    drawn = sorted(order, key=lambda at: -recording.tracks[at].frames)[: limits.curves]
    share = limits.values // max(1, len(drawn))
    return {
        "title": _short(Path(recording.source).name or recording.source or "recording"),
        "source": _short(recording.source, 400),
        "start": float(times[0]) if times.size else 0.0,
        "end": float(times[-1]) if times.size else 0.0,
        "frames": int(times.size),
        "size": recording.image_size,
        "layout": None if skeleton is None else _layout(skeleton),
        "angles": [] if skeleton is None else joint_angles(np.zeros((0, len(skeleton), 2)), skeleton)[0],
        "people": [_person(recording.tracks[at], at, at in drawn, share) for at in order],
        "people_total": len(recording.tracks),
        "verbs": [[_short(verb), hex_of(verb_colour(verb, classes or tuple(verbs)))] for verb in verbs],
        "segments": [_segment(row, segment, verbs) for row, segment in kept],
        "segments_total": len(segments),
        "quality": _quality(measured),
        "key_frames": pictures,
        "video": video,
        "how": _how(how),
    }


def _layout(skeleton: Skeleton) -> dict[str, Any]:
    return {
        "name": _short(skeleton.name),
        "joints": [_short(joint) for joint in skeleton.joints],
        "sides": skeleton.sides,
        "limbs": skeleton.limbs,
    }


def _kept_segments(
    segments: Sequence[Segment], listed: Mapping[str, int], most: int
) -> list[tuple[list[int], Segment]]:
    """The longest segments of the listed people, in time order, each with its people's rows."""
    mine = []
    for segment in segments:
        people = [segment.person_id] if segment.person_id in listed else segment.person_id.split("+")
        rows = [listed[person] for person in people if person in listed]
        if rows:
            mine.append((rows, segment))
    mine.sort(key=lambda item: item[1].start_s - item[1].end_s)
    return sorted(mine[:most], key=lambda item: (item[1].start_s, item[0]))


def _segment(rows: list[int], segment: Segment, verbs: list[str]) -> list[Any]:
    top5 = [[_short(verb, 60), round(chance, 3)] for verb, chance in segment.top5]
    start, end = round(segment.start_s, 3), round(segment.end_s, 3)
    return [rows, verbs.index(segment.verb), start, end, round(segment.confidence, 3), top5]


def _person(track: PoseSequence, at: int, curves: bool, share: int) -> dict[str, Any]:
    present = track.present
    return {
        "id": _short(track.person_ids[0], 40),
        "colour": hex_of(person_colour(at)),
        "frames": track.frames,
        "spans": _spans(track.timestamps_s),
        "seen": round(float(present.mean()), 4) if present.size else 0,
        "score": round(float(track.score[present].mean()), 4) if present.any() else 0,
        "curves": _curves(track, share) if curves and present.any() else None,
    }


def _spans(times: np.ndarray, most: int = 40) -> list[list[float]]:
    """Stretches in which the person is tracked; beyond `most`, the shortest gaps are closed."""
    if not times.size:
        return []
    gaps = np.diff(times)
    breaks = np.flatnonzero(gaps > max(0.5, 3 * float(np.median(gaps)))) if gaps.size else np.zeros(0, int)
    breaks = np.sort(breaks[np.argsort(-gaps[breaks], kind="stable")[: most - 1]])
    starts, ends = np.r_[0, breaks + 1], np.r_[breaks, times.size - 1]
    return [[round(float(times[a]), 3), round(float(times[b]), 3)] for a, b in zip(starts, ends, strict=True)]


def _curves(track: PoseSequence, share: int) -> dict[str, Any]:
    """Positions and angles of one person in at most `share` 16-bit numbers.

    Every row where they fit; else time bins, each with one true pose and the extent of every curve.
    """
    times = track.timestamps_s
    joints = track.position[0]
    reach = max(np.fmax.reduce(joints[..., :2], axis=None), -np.fmin.reduce(joints[..., :2], axis=None), 1.0)
    flat, angles = 2 * joints.shape[1], len(joint_angles(joints[:0], track.skeleton)[0])
    scale = 32_000 / float(reach)
    scales = np.r_[np.full(flat, scale), np.full(angles, 100.0)]
    head: dict[str, Any] = {"scale": scale, "t0": float(times[0])}
    if times.size * (scales.size + 2) <= share:
        values = np.concatenate(
            [_values(joints[at : at + _ROWS], track.skeleton) for at in range(0, times.size, _ROWS)]
        )
        return {**head, "t": _floats(times - times[0]), "v": _shorts(values, scales), "n": int(times.size)}
    bins = max(2, share // (3 * scales.size + 2))
    width = max((float(times[-1]) - float(times[0])) / (bins - 1), 1e-9)
    starts = np.flatnonzero(np.diff(np.floor((times - times[0]) / width), prepend=-1))
    rows = [np.zeros((starts.size, scales.size), np.float32) for _ in range(3)]
    for at in range(
        0, starts.size, _BINS
    ):  # a long track's angles at once would take several times its memory
        own = starts[at : at + _BINS]
        stop = starts[at + _BINS] if at + _BINS < starts.size else times.size
        values = _values(joints[own[0] : stop], track.skeleton)
        one, low, high = (row[at : at + _BINS] for row in rows)
        one[:] = values[own - own[0]]
        np.fmin.reduceat(values, own - own[0], axis=0, out=low)
        np.fmax.reduceat(values, own - own[0], axis=0, out=high)
    names = zip(("v", "lo", "hi"), rows, strict=True)
    return {
        **head,
        "bin_s": width,
        "n": int(starts.size),
        "t": _floats(times[starts] - times[0]),
        **{name: _shorts(row, scales) for name, row in names},
    }


def _values(position: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T, 2 J + A) float32: x and y of every joint, then the angles."""
    flat = position[..., :2].astype(np.float32).reshape(len(position), -1)
    return np.concatenate((flat, joint_angles(position, skeleton)[1]), axis=1)


def _shorts(values: np.ndarray, scales: np.ndarray) -> str:
    """16-bit whole numbers of `values` (T, n) times `scales` (n,), a block of rows at a time."""
    whole = np.empty(values.shape, "<i2")
    for at in range(0, len(values), _ROWS):
        block = values[at : at + _ROWS] * scales
        absent = np.isnan(block)
        block[absent] = 0
        whole[at : at + _ROWS] = np.where(absent, ABSENT, np.rint(np.clip(block, -32_767, 32_767)))
    return base64.b64encode(whole.data).decode()


def _floats(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _quality(recording: Recording) -> dict[str, Any]:
    """How much was found and how surely, in the raw estimates."""
    times = recording.timestamps_s
    count = np.zeros(times.size, np.int64)
    total, number = np.zeros(times.size), np.zeros(times.size)
    histogram = np.zeros(20, np.int64)
    joints: list[np.ndarray] = []
    for track in recording.tracks:
        at = np.searchsorted(times, track.timestamps_s)
        present = track.present[0]
        count[at] += present.any(axis=1)
        total[at] += np.where(present, track.score[0], 0).sum(axis=1)
        number[at] += present.sum(axis=1)
        histogram += np.histogram(track.score[0][present], bins=20, range=(0, 1))[0]
        joints.append(np.stack((present.sum(axis=0), np.where(present, track.score[0], 0).sum(axis=0))))
    rows = max(1, sum(track.frames for track in recording.tracks))
    seen, score = np.sum(joints, axis=0) if joints else np.zeros((2, 0))
    edges = np.unique(np.linspace(0, times.size, min(times.size, _QUALITY_BINS) + 1).astype(int))[:-1]
    sums, numbers = (np.add.reduceat(v, edges) if edges.size else v for v in (total, number))
    return {
        "tracked": round(float((count > 0).mean()), 4) if times.size else 0,
        "most": int(count.max(initial=0)),
        "score": round(float(total.sum() / number.sum()), 4) if number.sum() else None,
        "seen": round(float(seen.sum() / (rows * len(seen))), 4) if len(seen) else 0,
        "t": np.round(times[edges], 3).tolist() if edges.size else [],
        "people": (np.maximum.reduceat(count, edges) if edges.size else count).tolist(),
        "scores": [
            round(s / n, 3) if n else None for s, n in zip(sums.tolist(), numbers.tolist(), strict=True)
        ],
        "histogram": histogram.tolist(),
        "joint_seen": np.round(seen / rows, 4).tolist(),
        "joint_score": [
            round(s / n, 3) if n else None for s, n in zip(score.tolist(), seen.tolist(), strict=True)
        ],
    }


def key_pictures(
    recording: Recording,
    timeline: Timeline | None,
    frames: Iterable[tuple[float, np.ndarray]],
    most: int = 12,
) -> list[dict[str, Any]]:
    """Small JPEGs with the poses drawn in, at most 30 kB each."""
    drawer = OverlayDrawer(recording, timeline)
    found = []
    for time_s, image in list(frames)[:most]:
        scale = min(1.0, 480 / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        drawer.draw(small, time_s)
        for quality in (78, 60, 40, 20, 5):
            data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(data) <= 30_000:
                source = "data:image/jpeg;base64," + base64.b64encode(data).decode()
                found.append({"t": round(float(time_s), 3), "src": source, "w": size[0], "h": size[1]})
                break
    return found


def _how(facts: Mapping[str, Any], depth: int = 0, left: list[int] | None = None) -> list[list[Any]]:
    """Nested [name, text or list] pairs: at most 600 entries, 4 deep, each text short."""
    left = [600] if left is None else left
    rows: list[list[Any]] = []
    for key, value in facts.items():
        left[0] -= 1
        if left[0] < 0:
            break
        name = _short(str(key), 80)
        if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            value = {str(item.get("name", at + 1)): item for at, item in enumerate(value)}
        if isinstance(value, Mapping) and depth < 4:
            rows.append([name, _how(value, depth + 1, left)])
        elif value is not None and not isinstance(value, Mapping):
            rows.append([name, _short(_words(value), 2000)])
    return rows


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value[:100]))
    return str(value)


def _short(text: str, length: int = _TEXT) -> str:
    return text if len(text) <= length else text[: length - 1] + "\u2026"
