"""What the tests of the checkers share."""

import re

import pytest

from tinycnn_lib.exercises import ExerciseError


def refusal(function, *arguments, **keywords):
    """Return the message with which a checker, or a part of one, refuses an answer.

    Sentences that the message breaks at 80 columns are whole here.
    """
    with pytest.raises(ExerciseError) as caught:
        function(*arguments, **keywords)
    message = str(caught.value)
    assert message.count("\n") < 45
    return re.sub(r"\n(?: {8}(?=[^\s\[\d-])|(?=\S))", " ", message)
