import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "module", ["bodyverb.core.pose", "bodyverb.core.skeleton", "bodyverb.skeletons._layouts"]
)
def test_examples_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0 and result.failed == 0
