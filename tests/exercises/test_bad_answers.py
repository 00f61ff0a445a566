"""Answers of a wrong kind, to every checker: a message that helps, and never a library's error."""

import inspect
import re

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib import exercises
from tinycnn_lib.exercises import ExerciseError


def answers_of(check):
    """Return the names of what a checker is given: its parameters without a default."""
    parameters = inspect.signature(check).parameters.values()
    return [one.name for one in parameters if one.default is one.empty]


CHECKERS = {name: getattr(exercises, name) for name in exercises.__all__ if "check_" in name}
CHECKERS = {name: check for name, check in CHECKERS.items() if answers_of(check)}


class Nothing:
    """A class without methods."""


class Unshowable:
    """Neither repr nor NumPy can make anything of it."""

    def __repr__(self):
        raise RuntimeError("no repr")

    def __array__(self, *arguments, **keywords):
        raise RuntimeError("no array")


def yields(*arguments):
    yield 1


def raises(*arguments):
    raise KeyError


def recurses(*arguments):
    return recurses(*arguments)


def returning(value):
    return lambda *arguments: value


ANSWERS = {
    "None": None,
    "...": ...,
    "a string": "7",
    "bytes": b"7",
    "a NumPy string": np.str_("7"),
    "a float": 7.0,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "a complex number": 7j,
    "an endless integer": 10**5000,
    "a truth value": True,
    "a list": [1, 2],
    "a ragged list": [[1, [2]], 3],
    "four numbers": (1, 2, 3, 4),
    "a gap": (1, ..., 3, 4),
    "nothing in it": (),
    "a set": {1, 2},
    "a dict": {1: 1, 7: 2, 32: None, 180: 1, 500: 1},
    "an array": np.ones((2, 2)),
    "an empty array": np.empty((0, 3)),
    "an array without axes": np.array(7),
    "an array of NaN": np.full((3, 3), np.nan),
    "an array of objects": np.array([[1, None]], dtype=object),
    "a class": Nothing,
    "an instance": Nothing(),
    "an object that cannot be shown": Unshowable(),
    "a module": np,
    "a function without arguments": lambda: 7,
    "a function with other names": lambda *, other: 7,
    "a compiled function": len,
    "a generator function": yields,
    "a function that raises": raises,
    "a function without end": recurses,
    "a function that returns None": returning(None),
    "a function that returns ...": returning(...),
    "a function that returns a string": returning("7"),
    "a function that returns its input": lambda *arguments: arguments[0],
    "a function that returns a ragged list": returning([[1], [2, 3]]),
    "a function that returns a ragged pair": returning(([[1], [2, 3]], [1])),
    "a function that returns strings": returning(("abc", "def")),
    "a function that returns objects": returning(([None] * 3, [1] * 3)),
    "a function that returns what cannot be shown": returning(Unshowable()),
    "a function that returns an endless integer": returning(10**5000),
}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("name", CHECKERS)
def test_an_answer_of_a_wrong_kind_is_refused_readably(name, kind):
    check = CHECKERS[name]
    arguments = answers_of(check)
    with pytest.raises(ExerciseError) as caught:
        check(*[ANSWERS[kind]] * len(arguments))
    message = str(caught.value)
    assert re.match(
        rf"(what |in network )?({'|'.join(arguments)}|the loss|column)\b", message, re.I
    ), message
    helps = ("expected: ", "Hint: ", "write your own answer first", " raised ", " is wrong.\n")
    assert any(help in message for help in helps), message
    for riddle in ("not callable", "truth value", "inhomogeneous", "ufunc", " a ellipsis"):
        assert riddle not in message
    assert len(message) < 2000


@pytest.mark.parametrize("name", CHECKERS)
@pytest.mark.parametrize(("empty", "word"), [(None, "None"), (..., r"\.\.\.")])
def test_an_empty_answer_cell_is_called_so(name, empty, word):
    arguments = answers_of(CHECKERS[name])
    with pytest.raises(ExerciseError, match=f"^{arguments[0]} is {word}: write your own answer"):
        CHECKERS[name](*[empty] * len(arguments))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (7.5, ("got: 7.5 (float)", "expected: a whole number")),
        ("7", ("got: '7' (str)", "without quotes")),
        (len, ("(builtin_function_or_method)", "call it")),
        ([7], ("got: [7] (list)", "expected: a whole number")),
        (True, ("got: True (bool)", "expected: a whole number")),
    ],
)
def test_what_to_type_instead_of_no_integer(answer, words):
    message = refusal(exercises.check_parameter_sharing, answer, 1)
    assert message.startswith("local_count is not an integer.")
    for word in words:
        assert word in message


def test_a_function_is_asked_for_with_its_arguments():
    message = refusal(exercises.check_step_decay, lambda epoch, start, factor: start)
    assert message.startswith("step_decay takes other arguments.")
    assert "got: step_decay(epoch, start, factor)" in message
    assert "expected: a function step_decay(epoch, start, factor, every)" in message
    message = refusal(exercises.check_step_decay, 0.3)
    assert "step_decay is not a function.\n  got: 0.3 (float)" in message
    assert "Hint: pass the function itself" in message
    assert "is not a function" in refusal(exercises.check_adjoint, Nothing)


def test_a_layer_s_class_is_not_its_name():
    from tinycnn_lib import ReLU

    message = refusal(exercises.check_bug_hunt, ReLU, "ReLU", "Conv2D")
    assert message.startswith("a is not a layer's name.")
    assert "write the name in quotes" in message
    assert "got: 'relu' (str)" in refusal(exercises.check_bug_hunt, "Dense", "relu", "Conv2D")


def test_a_method_without_self_is_said_to_take_too_few():
    class AvgPool2D:
        def forward(x):  # noqa: N805
            return x

        def backward(d_output):  # noqa: N805
            return d_output

    message = refusal(exercises.check_avgpool2d, AvgPool2D)
    assert "AvgPool2D().forward raised TypeError" in message
    assert "Hint: it is called with 1 argument; does its def line fit?" in message
