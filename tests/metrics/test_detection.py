import numpy as np

from bodyverb.metrics.detection import match_detections, recall_at_false_alarms


def test_each_person_is_found_once_and_the_surest_box_wins() -> None:
    truth = np.array([[0, 0, 10, 10.0]])
    found = np.array([[0, 0, 10, 10, 0.5], [1, 0, 10, 10, 0.9]])
    verdict, score = match_detections(found, truth, np.zeros(1, bool))
    assert verdict.tolist() == [1, 0] and score.tolist() == [0.9, 0.5]


def test_ignored_people_are_neither_found_nor_false() -> None:
    truth = np.array([[0, 0, 10, 10.0], [50, 50, 90, 90]])
    found = np.array([[0, 0, 10, 10, 0.9], [55, 55, 70, 70, 0.8], [20, 20, 30, 30, 0.7]])
    verdict, _ = match_detections(found, truth, np.array([True, True]))
    assert verdict.tolist() == [-1, -1, 0]


def test_recall_at_a_rate_of_false_boxes() -> None:
    verdicts = [np.array([1, 0, 1]), np.array([1, 0])]
    scores = [np.array([0.9, 0.8, 0.3]), np.array([0.7, 0.6])]
    assert recall_at_false_alarms(verdicts, scores, 4, 0.5) == (0.5, 0.7)
    assert recall_at_false_alarms(verdicts, scores, 4, 1.0) == (0.75, 0.3)
    assert recall_at_false_alarms(verdicts, scores, 4, 0.0) == (0.25, 0.9)


def test_a_tie_across_the_limit_is_left_out_whole() -> None:
    recall, threshold = recall_at_false_alarms([np.array([1, 1, 0])], [np.array([0.9, 0.5, 0.5])], 2, 0.0)
    assert recall == 0.5 and threshold == 0.9


def test_nobody_found() -> None:
    assert recall_at_false_alarms([np.zeros(0, int)], [np.zeros(0)], 3, 0.2) == (0.0, float("inf"))
