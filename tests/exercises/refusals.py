"""What the tests of the checkers share."""

import pytest

from tinycnn_lib.exercises import ExerciseError


def refusal(function, *arguments, **keywords):
    """Return the message with which a checker, or a part of one, refuses an answer."""
    with pytest.raises(ExerciseError) as caught:
        function(*arguments, **keywords)
    return str(caught.value)
