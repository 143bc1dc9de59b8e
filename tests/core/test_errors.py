import pytest

from bodyverb.core import errors


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("BodyverbError", 2),
        ("InputError", 2),
        ("FormatError", 2),
        ("ModelError", 2),
        ("OutputError", 2),
        ("InterruptedRun", 130),
    ],
)
def test_exit_codes(name: str, code: int) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.BodyverbError)
    assert error("x").exit_code == code


def test_bad_files_are_bad_input() -> None:
    assert issubclass(errors.FormatError, errors.InputError)
    assert issubclass(errors.ModelError, errors.InputError)
