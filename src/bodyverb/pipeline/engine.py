"""The networks of a run, loaded once for all its sources."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from bodyverb.core import ModelError, Skeleton
from bodyverb.estimate import mediapipe
from bodyverb.estimate.detector import Detector
from bodyverb.estimate.one_stage import OneStage, is_one_stage
from bodyverb.estimate.pose import PoseEstimator
from bodyverb.estimate.tracks import TrackerConfig
from bodyverb.estimate.whole_frame import FramePoses, WholeFrameEstimator
from bodyverb.infer import Session, load
from bodyverb.pipeline.options import RunOptions
from bodyverb.recognize.recognizer import Recognizer


@dataclass
class Engine:
    """Detector, pose network and recognizer, and the time each has taken.

    Without a detector the estimator finds people and their joints at once.
    """

    detector: Detector | None
    estimator: PoseEstimator | WholeFrameEstimator
    recognizer: Recognizer | None
    seconds: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def load(options: RunOptions) -> Engine:
        """Load the networks.

        Raises:
            ModelError: one is missing or does not load.
            InputError: the device does not exist here.
        """

        def open_(name: str, *tasks: str) -> Session:
            return load(name, *tasks, device=options.device, threads=options.threads)

        recognizer = None if options.verbs == "none" else Recognizer(open_(options.verbs, "verbs"))
        if options.pose.endswith(mediapipe.SUFFIX):
            return Engine(None, mediapipe.MediaPipePose(options.pose), recognizer)
        pose = open_(options.pose, "pose")
        if is_one_stage(pose.card):
            return Engine(None, OneStage(pose), recognizer)
        detector = Detector(open_(options.detector, "detect", "pose"))
        return Engine(detector, PoseEstimator(pose), recognizer)

    @property
    def skeleton(self) -> Skeleton:
        """Layout of the poses."""
        return self.estimator.skeleton

    @property
    def verifies(self) -> bool:
        """Whether the pose network scores a box without a person low, as its card says."""
        return bool(self._networks["pose"].card.get("verifies", False))

    @property
    def _networks(self) -> dict[str, Any]:
        """What has a card, by what it does; a network that does two things comes twice."""
        pose = self.estimator.session if isinstance(self.estimator, PoseEstimator) else self.estimator
        found = {"detect": pose if self.detector is None else self.detector.session, "pose": pose}
        return found if self.recognizer is None else {**found, "verbs": self.recognizer.session}

    def tracking(self) -> dict[str, Any]:
        """Settings of the tracker that the cards of pose network and detector ask for (`tracking`).

        Raw scores of different networks mean different things; only their cards can say what is sure.

        Raises:
            ModelError: a card asks for something that the tracker does not have.
        """
        known = {item.name for item in fields(TrackerConfig)}
        wanted: dict[str, Any] = {}
        for task in ("detect", "pose"):
            card = self._networks[task].card
            given = dict(card.get("tracking") or {})
            if not set(given) <= known:
                raise ModelError(
                    f"Expected tracking settings of {', '.join(sorted(known))}, got {', '.join(given)}; "
                    f"correct the card: {card.path}"
                )
            wanted |= given
        return wanted

    def find(self, image: np.ndarray) -> np.ndarray:
        """(n, 5) boxes and scores of the people in a picture (h, w, 3) uint8 RGB."""
        assert self.detector is not None
        begin = time.perf_counter()
        found = self.detector(image)
        self._add("find", begin)
        return found

    def pose(self, image: np.ndarray, boxes: np.ndarray) -> FramePoses:
        """The people in the boxes (n, 4)."""
        assert isinstance(self.estimator, PoseEstimator)
        begin = time.perf_counter()
        found = self.estimator.estimate(image, boxes)
        self._add("pose", begin)
        return found

    def people(self, image: np.ndarray) -> FramePoses:
        """Everybody in a picture, without a detector."""
        assert not isinstance(self.estimator, PoseEstimator)
        begin = time.perf_counter()
        found = self.estimator(image)
        self._add("pose", begin)
        return found

    def _add(self, stage: str, begin: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin

    def models(self) -> dict[str, dict[str, object]]:
        """Name, licence and checksum of each network, by task."""
        return {
            task: {
                "name": network.card.name,
                "licence": network.card.licence,
                "sha256": network.card.sha256,
                "runs_on": network.provider,
            }
            for task, network in self._networks.items()
        }
