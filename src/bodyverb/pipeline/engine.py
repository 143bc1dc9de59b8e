"""The networks of a run, loaded once for all its sources."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from bodyverb.core import ModelError, Skeleton
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.estimate.tracks import TrackerConfig
from bodyverb.infer import Session, load
from bodyverb.pipeline.options import RunOptions
from bodyverb.recognize.recognizer import Recognizer


@dataclass
class Engine:
    """Detector, pose network and recognizer, and the time each has taken."""

    detector: Detector
    estimator: PoseEstimator
    recognizer: Recognizer | None
    seconds: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def load(options: RunOptions) -> Engine:
        """Load the networks.

        Raises:
            ModelError: one is missing or does not load.
            InputError: the device does not exist here.
        """

        def open_(name: str, task: str) -> Session:
            return load(name, task, device=options.device, threads=options.threads)

        recognizer = None if options.verbs == "none" else Recognizer(open_(options.verbs, "verbs"))
        detector = Detector(open_(options.detector, "detect"))
        return Engine(detector, PoseEstimator(open_(options.pose, "pose")), recognizer)

    @property
    def skeleton(self) -> Skeleton:
        """Layout of the poses."""
        return self.estimator.skeleton

    @property
    def verifies(self) -> bool:
        """Whether the pose network scores a box without a person low, as its card says."""
        return bool(self.estimator.session.card.get("verifies", False))

    def tracking(self) -> dict[str, Any]:
        """Settings of the tracker that the cards of pose network and detector ask for (`tracking`).

        Raw scores of different networks mean different things; only their cards can say what is sure.

        Raises:
            ModelError: a card asks for something that the tracker does not have.
        """
        known = {item.name for item in fields(TrackerConfig)}
        wanted: dict[str, Any] = {}
        for session in (self.detector.session, self.estimator.session):
            given = dict(session.card.get("tracking") or {})
            if not set(given) <= known:
                raise ModelError(
                    f"Expected tracking settings of {', '.join(sorted(known))}, got {', '.join(given)}; "
                    f"correct the card: {session.card.path}"
                )
            wanted |= given
        return wanted

    def find(self, image: np.ndarray) -> np.ndarray:
        """(n, 5) boxes and scores of the people in a picture (h, w, 3) uint8 RGB."""
        begin = time.perf_counter()
        found = self.detector(image)
        self._add("find", begin)
        return found

    def pose(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Joints (n, J, 2) px and scores (n, J) in the boxes (n, 4)."""
        begin = time.perf_counter()
        found = self.estimator(image, boxes)
        self._add("pose", begin)
        return found

    def _add(self, stage: str, begin: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin

    def models(self) -> dict[str, dict[str, object]]:
        """Name, licence and checksum of each network, by task."""
        sessions: list[Any] = [self.detector.session, self.estimator.session]
        sessions += [] if self.recognizer is None else [self.recognizer.session]
        return {
            s.card.task: {
                "name": s.card.name,
                "licence": s.card.licence,
                "sha256": s.card.sha256,
                "runs_on": s.provider,
            }
            for s in sessions
        }
