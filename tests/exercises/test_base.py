"""What the checkers share: the messages, one property at a time."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from refusals import refusal
from traitlets.config import Config

import tinycnn_lib.exercises as exercises
from tinycnn_lib.exercises import ExerciseError, _answers, _arrays
from tinycnn_lib.exercises import _base as base

X = base.sample((1, 2, 2, 3), seed=1)


def test_error_is_an_assertion_error_and_a_notebook_shows_its_message_alone():
    assert issubclass(ExerciseError, AssertionError)
    assert ExerciseError("what\n  got: 1")._render_traceback_() == ["ExerciseError: what\n  got: 1"]


def test_notebook_shows_no_line_of_the_checker():
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shown = []
    shell._showtraceback = lambda kind, value, lines: shown.extend(lines)
    shell.run_cell(
        "from tinycnn_lib.exercises import check_output_shape\ncheck_output_shape(None, None)"
    )
    assert shown == ["ExerciseError: shape is None: write your own answer first."]


def test_every_public_checker_is_named_and_documented():
    checkers = [name for name in exercises.__all__ if name.startswith("check_")]
    assert len(checkers) >= 4
    for name in checkers:
        doc = getattr(exercises, name).__doc__
        assert doc.startswith("Check "), name
        assert "ExerciseError" in doc, name


@pytest.mark.wrapped
def test_praise_fits_a_page(capsys):
    base.praise("word " * 40, ["remark " * 20])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line[:2] for line in lines[-2:]] == ["  ", "  "]


def test_praise_is_one_line_and_one_for_each_remark(capsys):
    base.praise("both numbers.")
    assert capsys.readouterr().out == "Right: both numbers.\n"
    base.praise("both numbers.", ["a", "b", "a"])
    assert capsys.readouterr().out == "Right: both numbers.\n  Note: a.\n  Note: b.\n"


def test_sample_is_distinct_and_prints_exactly():
    values = base.sample((3, 4), seed=0)
    assert values.shape == (3, 4)
    assert values.dtype == np.float64
    assert len(set(values.ravel())) == 12
    assert values.min() < 0 < values.max()
    np.testing.assert_allclose(np.round(values, 1), values, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(values, base.sample((3, 4), seed=0))
    assert (values != base.sample((3, 4), seed=1)).any()


def test_message_has_its_parts_in_order():
    cause = KeyError("k")
    x = np.array([[0.5, -1.0], [0.0, 2.0]])
    keywords = {"got": 1.5, "expected": (1, 2), "hint": "think", "cause": cause}
    with pytest.raises(ExerciseError) as caught:
        base.fail("f is wrong", on={"x": x, "p": 2}, **keywords)
    assert caught.value.__cause__ is cause
    assert str(caught.value) == (
        "f is wrong.\n"
        "  got: 1.5\n"
        "  expected: (1, 2)\n"
        "  on x, shape (2, 2):\n"
        "    [[ 0.5 -1. ]\n"
        "     [ 0.   2. ]]\n"
        "  on p: 2\n"
        "  Hint: think"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.zeros((9, 9)), "an array of shape (9, 9)"),
        (np.array([1 / 3, 2.0]), "[0.3333 2.    ]"),
        (np.array([1e-9, 1.0]), "[0. 1.]"),
        (0.1234567891, "0.123457"),
        (np.float64(2.5), "2.5"),
        ((1, 2), "(1, 2)"),
        ("shape (1, 2)", "shape (1, 2)"),
        ("a" * 1000, "a" * 397 + "..."),
    ],
)
def test_show(value, shown):
    assert base.show(value) == shown


# --- call --------------------------------------------------------------------------------------
def test_call_returns_what_the_function_returns():
    given = X.copy()
    result = base.call("f", lambda x, factor, offset: x * factor + offset, given, 2, offset=1)
    np.testing.assert_array_equal(result, 2 * X + 1)
    np.testing.assert_array_equal(given, X)


def divide(x):
    return [][3]


def test_call_chains_what_the_readers_code_raises():
    with pytest.raises(ExerciseError) as caught:
        base.call("your divide", divide, X, on={"x": X}, hint="how long is it?")
    assert isinstance(caught.value.__cause__, IndexError)
    message = str(caught.value)
    assert re.match(
        r"your divide raised IndexError: list index out of range, at line \d+: ", message
    )
    assert "return [][3]" in message
    assert "on x, shape (1, 2, 2, 3)" in message
    assert "Hint: how long is it?" in message


def test_call_shows_the_readers_line_not_the_librarys():
    message = refusal(base.call, "f", lambda: exercises.check_output_shape("no", 1))
    assert "lambda: exercises.check_output_shape" in message
    assert "raise " not in message


def test_call_of_a_wrong_signature_names_no_line():
    message = refusal(base.call, "f", lambda: 1, X)
    assert message.startswith("f raised TypeError")
    assert "at line" not in message


def test_a_type_error_of_the_readers_own_line_is_not_put_down_to_the_def_line():
    def adds(x):
        return x + "1"

    assert "does its def line fit" not in refusal(base.call, "f", adds, 1)
    assert "does its def line fit" in refusal(base.call, "f", adds, 1, 2)


def test_call_does_not_catch_an_interrupt():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        base.call("f", interrupted, X)


def test_call_finds_a_change_in_place_and_keeps_the_input():
    given = X.copy()

    def grow(x):
        x += 1
        return x

    message = refusal(base.call, "f", grow, given)
    assert message.startswith("f changes its input in place")
    np.testing.assert_array_equal(given, X)


def test_call_takes_nan_in_an_input_for_unchanged():
    assert base.call("f", lambda x: 1, np.array([np.nan])) == 1


# --- recognize ---------------------------------------------------------------------------------
GRID = base.sample((3, 4), seed=3)
BATCH = base.sample((2, 2, 3, 4), seed=4)


def changed(array, index, value=99.0):
    array = array.copy()
    array[index] = value
    return array


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (4 * GRID, GRID, "every number is 4 times the one expected"),
        (-GRID, GRID, "every number is -1 times the one expected"),
        (GRID + 0.5, GRID, "differs from the one expected by 0.5"),
        (GRID[0, ::-1], GRID[0], "in reverse order"),
        (GRID[::-1, ::-1], GRID, "turned by 180 degrees"),
        (GRID[::-1], GRID, "turned upside down"),
        (GRID[:, ::-1], GRID, "mirrored left to right"),
        (GRID[:, :3].T, GRID[:, :3], "transposed: rows and columns are swapped"),
        (changed(GRID, -1), GRID, "the inside is right, the border is not"),
        (changed(BATCH, 1), BATCH, "first image of the batch is right"),
        (changed(BATCH, np.s_[:, 1]), BATCH, "first channel is right"),
        (changed(BATCH, np.s_[:, :, -1]), BATCH, "the inside is right, the border is not"),
    ],
)
def test_recognize(got, expected, words):
    assert words in _arrays.recognize(got, expected)


def test_recognize_zeros():
    assert _arrays.recognize(0 * GRID, GRID) == "every number is 0"


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (GRID, GRID),
        (changed(GRID, (1, 1)), GRID),
        (np.array(1.0), np.array(2.0)),
        (GRID[0, :2] + 1, GRID[0, :2]),  # two numbers fit a pattern by accident
        (np.array([0.0, 1.0, 0.0]), np.zeros(3)),
        (changed(BATCH, (0, 0, 1, 1)), BATCH),
    ],
)
def test_recognize_keeps_silent_where_no_pattern_fits(got, expected):
    assert _arrays.recognize(got, expected) is None


# --- expect_form and expect_array --------------------------------------------------------------
def test_right_arrays_are_returned():
    got = X + 1e-12
    assert _arrays.expect_array("f", got, X) is got
    single = X.astype(np.float32)
    assert _arrays.expect_array("f", single, X, dtype=np.float32) is single
    _arrays.expect_array("f", np.arange(3, dtype=np.uint8), np.arange(3))
    _arrays.expect_array("loss", np.float64(0.5), 0.5)
    _arrays.expect_array("f", X + 1e-4, X, tolerance=1e-3)


@pytest.mark.parametrize(
    ("dress", "remark"),
    [
        (X.tolist(), "f returns a list, not an array; np.array(...) makes one of it"),
        (X.astype(object), "f returns an array of objects; dtype=float makes it one of numbers"),
        (X + 0j, "f returns complex numbers; their imaginary part is 0, so .real is enough"),
        (X.astype(np.float32), "f returns float32; float64 was expected"),
    ],
)
def test_right_numbers_in_an_unusual_dress_are_remarked(dress, remark):
    remarks = []
    _arrays.expect_array("f", dress, X, remarks=remarks)
    assert remarks == [remark]


@pytest.mark.parametrize(
    ("got", "reason"),
    [
        (None, "^f returns None.*is there a return"),
        ("text", "^f returns a str"),
        (X[0], r"^f returns the wrong shape.*got: \(2, 2, 3\).*expected: \(1, 2, 2, 3\)"),
        (X.swapaxes(2, 3), "^f returns the wrong shape.*the last two axes are swapped"),
        (X.astype(int), "^f returns wrong numbers.*whole numbers cannot hold a fraction"),
        (X + 1j, "^f does not return numbers.*complex128.*expected: an array of real numbers"),
        (X > 0, "^f does not return numbers.*bool"),
        ([["a"]], "^f does not return numbers"),
        (changed(X, (0, 1, 0, 2), np.inf), r"^f returns inf at index \(0, 1, 0, 2\)"),
        (changed(X, (0, 1, 0, 2), np.nan), r"^f returns nan at index \(0, 1, 0, 2\)"),
        (
            changed(X, (0, 1, 0, 2)),
            r"^f returns wrong numbers: 1 of 12 numbers differ, first at index \(0, 1, 0, 2\); "
            r"got and expected show \[0, 1\]\.\n  got:\n.*99.*expected:\n.*  on x",
        ),
        (X + 1e-8, "^f returns wrong numbers: 12 of 12.*difference: up to 1e-08"),
    ],
)
def test_wrong_arrays(got, reason):
    message = refusal(_arrays.expect_array, "f", got, X, on={"x": X})
    assert re.search(reason, message, re.DOTALL), message
    assert "on x, shape (1, 2, 2, 3)" in message


def test_fewer_digits_than_promised():
    message = refusal(_arrays.expect_array, "f", X.astype(np.float32), X, dtype=np.float64)
    assert "f returns float32 where float64 came in: digits are lost" in message
    assert "got: float32\n  expected: float64\n  Hint: make new arrays with the dtype" in message
    half = X.astype(np.float16)
    assert "where float32 came in" in refusal(
        _arrays.expect_array, "f", half, half.astype(np.float32), dtype=np.float32
    )


def test_single_precision_is_compared_as_such():
    single = (X * (1 + 1e-5)).astype(np.float32)
    _arrays.expect_array("f", single, X)
    refusal(_arrays.expect_array, "f", single.astype(float), X)
    refusal(_arrays.expect_array, "f", single * np.float32(1.01), X)


def test_one_wrong_number_has_no_index():
    message = refusal(_arrays.expect_array, "loss", np.float64(3), 3.5)
    assert message == "loss returns wrong numbers: the number differs.\n  got: 3\n  expected: 3.5"
    message = refusal(_arrays.expect_array, "loss", "3.5", 3.5)
    assert message.startswith("what loss returns is not a number.\n  got: '3.5' (str)")


def test_large_planes_show_the_one_number():
    big = np.ones((2, 20, 20))
    message = refusal(_arrays.expect_array, "f", changed(big, (1, 2, 3), 7.0), big)
    assert "show [1, 2, 3]" in message
    assert "got: 7" in message
    assert "expected: 1" in message


def test_hints():
    wrong = 2 * X
    assert "Hint: fixed" in refusal(_arrays.expect_array, "f", wrong, X, hint="fixed")
    seen = []
    message = refusal(_arrays.expect_array, "f", wrong, X, hint=lambda *pair: seen.append(pair))
    assert "Hint: every number is 2 times" in message  # the callable had nothing to say
    np.testing.assert_array_equal(seen[0], (wrong, X))
    assert "Hint: own" in refusal(_arrays.expect_array, "f", wrong, X, hint=lambda *pair: "own")


# --- the small ones ----------------------------------------------------------------------------
def test_shared_memory_is_found():
    _arrays.expect_own_memory("f", X.copy(), x=X)
    assert "shares its memory with x" in refusal(_arrays.expect_own_memory, "f", X[0], x=X)


def test_integer_answers():
    assert _answers.expect_integer("n", np.int32(3)) == 3
    remarks = []
    for whole in (3.0, np.float32(3), Fraction(6, 2), Decimal(3), np.array(3.0)):
        assert _answers.expect_integer("n", whole, remarks=remarks) == 3
    assert len(remarks) == 5
    assert remarks[0] == "n is 3.0 (float); as a whole number it is 3"
    assert "Hint: round up" in refusal(_answers.expect_integer, "n", 2.5, rounding="round up")
    for wrong, words in [
        (None, "n is None"),
        (3.5, r"3\.5 \(float\)"),
        (float("nan"), "not an integer"),
        (float("inf"), "not an integer"),
        (True, "bool"),
        ("3", "str"),
    ]:
        assert re.search(words, refusal(_answers.expect_integer, "n", wrong))


def test_shape_answers():
    assert _answers.expect_shape("s", [1, np.int64(2)], 2) == (1, 2)
    assert "s is None" in refusal(_answers.expect_shape, "s", None, 2)
    assert "s is not a tuple" in refusal(_answers.expect_shape, "s", 7, 2)
    assert "expected: 2 numbers" in refusal(_answers.expect_shape, "s", (1, 2, 3), 2)
    assert "s[1] is not an integer" in refusal(_answers.expect_shape, "s", (1, "2"), 2)


def test_methods():
    _answers.expect_method("list", [], "append", "pop")
    assert "pool is None" in refusal(_answers.expect_method, "pool", None, "forward")
    assert "list has no method forward" in refusal(_answers.expect_method, "list", [], "forward")
