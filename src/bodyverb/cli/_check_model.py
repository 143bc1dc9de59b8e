"""Does a network do what its card says? Run once on a picture, or for verbs on a motion, of the renderer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bodyverb.core import InputError, ModelError

if TYPE_CHECKING:
    from bodyverb.core import PoseSequence, Skeleton
    from bodyverb.infer import Session

SIZE = (640, 480)
SEEN = 0.3
"""Joints with a higher score are called found."""
MARGIN_PX = 8
"""Skin round the joints of a rendered person."""


def check_model(folder: Path, card: Path | None = None, picture: Path | None = None) -> str:
    """Load a network, compare it with its card, run it.

    Args:
        folder: holds card.json and the network.
        card: where card.json comes from; errors name it in place of the copy.
        picture: of people; one rendered on the spot by default.

    Returns:
        What came out, in a line.

    Raises:
        ModelError: it does not load, does not fit its card, or returns no numbers.
        InputError: the picture cannot be read, or is given for a network that looks at none.
    """
    try:
        return _checked(folder, picture)
    except ModelError as error:
        text = str(error)
        for copy in (folder / "card.json", folder / "model.onnx"):
            text = text.replace(str(copy), str(card or copy))
        raise ModelError(text) from error


def _checked(folder: Path, picture: Path | None) -> str:
    from bodyverb.infer import Card, load

    task = Card.read(folder / "card.json").task
    session = load(str(folder), task, device="cpu")
    if task == "verbs":
        if picture is not None:
            raise InputError(
                f"Expected no --picture for a network that sees joints, got one; drop: {picture}"
            )
        return _verbs(session)
    return (_detect if task == "detect" else _pose)(session, picture)


def _detect(session: Session, picture: Path | None) -> str:
    from bodyverb.estimate.detector import Detector

    detector = Detector(session)
    image, people = _scene(picture)
    boxes, took = _timed(session, lambda: detector(image))
    best = f", best score {boxes[0, 4]:.2f}" if len(boxes) else ""
    return f"{_found(len(boxes), people)}{best}, {took}"


def _pose(session: Session, picture: Path | None) -> str:
    from bodyverb.estimate.one_stage import OneStage, is_one_stage
    from bodyverb.estimate.pose import PoseEstimator

    if is_one_stage(session.card):
        everybody = OneStage(session)
        image, people = _scene(picture)
        poses, took = _timed(session, lambda: everybody(image))
        return f"{_found(len(poses), people)}, {_joints(everybody.skeleton, poses, people)}, {took}"
    estimator = PoseEstimator(session)
    image, people = _scene(picture)
    boxes = _boxes(image, people)
    poses, took = _timed(session, lambda: estimator.estimate(image, boxes))
    if not np.isfinite(poses.position).any():
        raise _no_numbers(session)
    return f"{_joints(estimator.skeleton, poses, people)}, {took}"


def _verbs(session: Session) -> str:
    from bodyverb.recognize.recognizer import Recognizer

    recognizer = Recognizer(session)
    people = [squats := _squats()]
    if recognizer.persons == 2:
        people.append(
            squats.replace(position=squats.position + np.array([80, 0], np.float32), person_ids=("2",))
        )
    windows, took = _timed(session, lambda: recognizer.timeline(people).windows)
    chances = np.stack([window.probabilities for window in windows])
    if not np.isfinite(chances).all():
        raise _no_numbers(session)
    verb = recognizer.classes[int(chances.mean(0).argmax())]
    return f"rendered squats are most like '{verb}' of {len(recognizer.classes)} verbs, {took}"


def _scene(picture: Path | None) -> tuple[np.ndarray, list[PoseSequence]]:
    """A picture (h, w, 3) uint8 RGB and the true lsp14 poses in it, none where it is the user's."""
    from bodyverb.datasets.synth.demo import demo_frames
    from bodyverb.media.images import read_image

    if picture is not None:
        return read_image(picture), []
    frames, _ = demo_frames(size=SIZE, rate_hz=0.25, duration_s=12.0)  # at 0, 4 and 8 s: the last has both
    *_, last = frames
    return last.image, list(last.truth.values())


def _squats() -> PoseSequence:
    """Four seconds of squats as a camera sees them, lsp14."""
    from bodyverb.datasets.synth import motions
    from bodyverb.datasets.synth.render import LSP_INDEX, truth_poses
    from bodyverb.geometry.cameras import Pinhole

    times = np.arange(100) / 25
    made, _ = motions.make("squat", times, rng=np.random.default_rng(0))
    camera = Pinhole.looking(np.array([1.5, 1.4, 3.6]), np.array([0.0, 0.9, 0.0]), SIZE, fov_deg=50.0)
    flat = camera.project(made.position[:, LSP_INDEX])
    return truth_poses(np.concatenate([flat, np.ones_like(flat[..., :1])], -1), times, SIZE, "1")


def _boxes(image: np.ndarray, people: list[PoseSequence]) -> np.ndarray:
    """Boxes (n, 4) of the rendered people, or of those that the bundled finder sees in the user's picture."""
    from bodyverb.estimate.detector import Detector, centred_boxes
    from bodyverb.infer import load
    from bodyverb.infer.catalogue import DEFAULTS

    if not people:
        found = Detector(load(DEFAULTS["detect"], "detect", device="cpu"))(image)
        return (found if len(found) else centred_boxes((image.shape[1], image.shape[0]))[:1])[:, :4]
    rows = [[*np.nanmin(joints, 0), *np.nanmax(joints, 0)] for joints in (p.position[0, 0] for p in people)]
    return np.array(rows) + MARGIN_PX * np.array([-1, -1, 1, 1])


def _timed(session: Session, work: Callable[[], Any]) -> tuple[Any, str]:
    """The result of the second of two runs (the first one warms up), and its time."""
    work()
    begin = time.perf_counter()
    result = work()
    return result, f"{1000 * (time.perf_counter() - begin):.0f} ms on {session.provider}"


def _no_numbers(session: Session) -> ModelError:
    return ModelError(
        f"Expected numbers from '{session.card.name}', got NaN or infinity; replace: {session.card.path}"
    )


def _found(count: int, people: list[PoseSequence]) -> str:
    """`2 of 2 rendered people found`; where nobody is, the likeliest reason."""
    told = f"{count} of {len(people)} rendered people found" if people else f"{count} people found"
    return told if count else f"{told} (are channels, mean, std and layout in the card right?)"


def _joints(skeleton: Skeleton, poses: Any, people: list[PoseSequence]) -> str:
    """How many joints were found, and how far they are from where they were drawn."""
    told = f"{int((poses.score > SEEN).sum())} of {poses.score.size} joints with a score over {SEEN}"
    if not people or not len(poses):
        return told
    gaps = [
        min((_gaps(skeleton, position, person) for position in poses.position), key=np.median)
        for person in people
    ]
    half = float(np.median(np.concatenate(gaps)))
    return f"{told}, half of them within {half:.1%} of a body's height of where they were drawn"


def _gaps(skeleton: Skeleton, position: np.ndarray, person: PoseSequence) -> np.ndarray:
    """Distances of a pose (J, 2) from the true one, in body heights, at the joints that both have; inf where
    the pose has no number."""
    true = dict(zip(person.skeleton.joints, person.position[0, 0], strict=True))
    pairs = [
        (place, true[name])
        for name, place in zip(skeleton.joints, position, strict=True)
        if name in true and np.isfinite(true[name]).all()
    ]
    mine, drawn = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    distance = np.linalg.norm(mine - drawn, axis=-1) / np.ptp(drawn[:, 1])
    return np.nan_to_num(distance, nan=np.inf)
