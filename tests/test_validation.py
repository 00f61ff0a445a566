"""The guards themselves: what they let through, and in which form (bad input: test_bad_input)."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tinycnn_lib import validation as check


def test_a_good_array_is_not_copied():
    for dtype in (np.float32, np.float64):
        x = np.ones((2, 1, 3, 3), dtype)
        assert check.float_array("x", x) is x
        assert check.image_batch("x", x) is x
        assert check.gradient("x", x, x.shape, "Layer") is x
    rows = np.ones((2, 3))
    assert check.feature_rows("x", rows) is rows


def test_integers_and_booleans_become_float64():
    for value in ([1, 2], np.array([1, 2], np.uint8), [True, False]):
        assert check.float_array("x", value).dtype == np.float64


def test_subclasses_become_plain_arrays():
    """A np.matrix would turn * into a matrix product."""
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0]])
    assert type(check.float_array("x", matrix)) is np.ndarray


def test_a_sum_that_overflows_is_no_accusation():
    x = np.full((1, 1, 2, 2), 1.7e308)
    assert check.image_batch("x", x) is x


def test_the_first_bad_index_is_named():
    x = np.zeros((2, 3))
    x[1, 0] = x[1, 2] = math.nan
    with pytest.raises(ValueError, match=r"got nan at index \(1, 0\)"):
        check.float_array("x", x)


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), (0.5, 0.5), (np.float32(2), 2.0), (np.int64(4), 4.0), (Fraction(1, 2), 0.5)],
)
def test_real(value, number):
    result = check.real("rate", value)
    assert type(result) is float
    assert result == number


@pytest.mark.parametrize("value", [None, "0.1", b"1", True, np.True_, 1j, [1.0], np.array([1.0])])
def test_no_real_number(value):
    with pytest.raises(TypeError, match=r"^rate: expected a number, got "):
        check.real("rate", value)


LARGE = [pytest.param(10**400, id="10**400"), pytest.param(Fraction(-(10**400)), id="a fraction")]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, *LARGE])
def test_real_not_finite(value):
    with pytest.raises(ValueError, match=r"^rate: expected a finite number in .* got "):
        check.real("rate", value)


@pytest.mark.parametrize(
    ("value", "limits", "interval"),
    [
        (0, {"low": 0, "open_low": True}, r"\(0, inf\)"),
        (-1e-300, {"low": 0}, r"\[0, inf\)"),
        (1.5, {"low": 0, "high": 1}, r"\[0, 1\]"),
        (0, {"low": 0, "high": 1, "open_low": True}, r"\(0, 1\]"),
        (1, {"low": 0, "high": 1, "open_high": True}, r"\[0, 1\)"),
    ],
)
def test_real_out_of_range(value, limits, interval):
    with pytest.raises(ValueError, match=f"^rate: expected a finite number in {interval}, got "):
        check.real("rate", value, **limits)


def test_a_number_beyond_the_floats_keeps_its_sign():
    for value, shown in ((10**400, "inf"), (-(10**400), "-inf")):
        with pytest.raises(ValueError, match=f"got {shown}$"):
            check.real("rate", value)


def test_real_at_its_limits():
    assert check.real("rate", 0, low=0, high=1) == 0
    assert check.real("rate", 1, low=0, high=1, open_low=True) == 1
    assert check.real("rate", 5e-324, low=0, open_low=True) > 0


def test_integer():
    for value in (3, np.int8(3), np.array(3)):
        result = check.integer("n", value)
        assert type(result) is int
        assert result == 3
    assert check.integer("n", 0, at_least=0) == 0
    assert check.integer("n", 10**30) == 10**30


def test_generator():
    rng = np.random.default_rng(1)
    assert check.generator("seed", rng) is rng
    assert check.generator("seed", 5).normal() == np.random.default_rng(5).normal()
    assert check.generator("seed", 0).normal() == np.random.default_rng(0).normal()


def test_class_labels():
    for value in ([0, 2, 1], (0, 2, 1), np.array([0, 2, 1], np.uint8)):
        np.testing.assert_array_equal(check.class_labels("y", value, 3, 3), [0, 2, 1])


def test_parameter():
    weights = np.ones((2, 3))
    assert check.parameter("weights", weights, (2, 3)) is weights
    assert check.parameter("weights", weights.astype(np.float32), (2, 3)).dtype == np.float32
    assert check.parameter("weights", [[1, 2]], (1, 2)).dtype == np.float64


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(TypeError) as caught:
        check.integer("n", "x" * 1000)
    assert len(str(caught.value)) < 120
    assert "..." in str(caught.value)
    assert "(str)" in str(caught.value)


def test_what_cannot_be_shown_is_still_refused_with_a_message():
    class Unshowable:
        def __repr__(self):
            raise RuntimeError("no repr")

    for value in (Unshowable(), [10**5000]):
        with pytest.raises(TypeError, match=r"^n: expected an integer, got something that cannot"):
            check.integer("n", value)


def test_backward_before_forward_has_an_error_of_its_own():
    with pytest.raises(check.NotRunForwardError):
        check.gradient("d_output", np.ones(3), None, "ReLU")
    assert issubclass(check.NotRunForwardError, ValueError)
