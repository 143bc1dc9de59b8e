import numpy as np

from bodyverb.estimate.detector import centred_boxes


def test_centred_boxes_lie_in_the_middle_of_the_picture() -> None:
    for size in ((640, 360), (360, 640)):
        boxes = centred_boxes(size)
        middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
        assert np.allclose(middle, [(size[0] - 1) / 2, (size[1] - 1) / 2])
        assert (boxes[:, :2] >= -0.5).all() and (boxes[:, 2:4] <= np.array(size) - 0.5).all()
        assert (boxes[:, 3] - boxes[:, 1] > boxes[:, 2] - boxes[:, 0]).all()
