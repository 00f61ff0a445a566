"""Finite differences on functions whose gradients are known by heart."""

import numpy as np
import pytest
from hypothesis import given
from shapes import matrices, over_shapes

from tinycnn_lib import gradient_check, numerical_gradient, relative_error


@over_shapes
@given(matrices())
def test_quadratic_form(case):
    """Central differences have no truncation error on a polynomial of degree 2."""
    (N, D), _, rng = case
    a, m = rng.normal(size=(N, D)), rng.normal(size=(D, D))
    estimated = numerical_gradient(lambda: float(((a @ m) * a).sum()), a, step=0.5)
    np.testing.assert_allclose(estimated, a @ (m + m.T), rtol=1e-10, atol=1e-10)


def test_truncation_error_falls_with_the_square_of_the_step():
    a = np.array([0.7])
    errors = [
        abs(numerical_gradient(lambda: float(np.sin(a[0])), a, h)[0] - np.cos(0.7))
        for h in (1e-1, 1e-2, 1e-3)
    ]
    np.testing.assert_allclose(errors[0] / errors[1], 100, rtol=0.01)
    np.testing.assert_allclose(errors[1] / errors[2], 100, rtol=0.01)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (2, 1, 3, 2)])
def test_shape_and_dtype(shape):
    a = np.full(shape, 2.0)
    gradient = numerical_gradient(lambda: float((a**3).sum()), a)
    assert gradient.shape == shape
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, np.full(shape, 12.0), rtol=1e-8)


def test_array_is_given_back_bit_for_bit():
    a = np.random.default_rng(0).normal(size=(3, 4)) * 1e-20  # a - h + h would be 0
    kept = a.tobytes()
    numerical_gradient(lambda: float(a.sum()), a)
    assert a.tobytes() == kept


def test_array_is_given_back_even_if_the_function_raises():
    a = np.array([1.0, 2.0])
    calls = []

    def fails_at_the_fourth_call():
        calls.append(a.copy())
        if len(calls) == 4:
            raise RuntimeError("no more")
        return 0.0

    with pytest.raises(RuntimeError, match="no more"):
        numerical_gradient(fails_at_the_fourth_call, a)
    np.testing.assert_array_equal(a, [1.0, 2.0])
    np.testing.assert_array_equal(
        calls, [[1 + 1e-6, 2], [1 - 1e-6, 2], [1, 2 + 1e-6], [1, 2 - 1e-6]]
    )


def test_a_view_of_a_larger_array():
    a = np.arange(12.0).reshape(3, 4)
    column = a[:, 1]
    gradient = numerical_gradient(lambda: float((a**2).sum()), column)
    np.testing.assert_allclose(gradient, 2 * column, rtol=1e-6)


def test_relative_error():
    a = np.array([1.0, -1.0, 0.0, 2.0, 0.0, 3e-9])
    b = np.array([1.0, 1.0, 0.0, 1.0, 5.0, 0.0])
    np.testing.assert_allclose(relative_error(a, b), [0, 2, 0, 0.5, 1, 0.3], rtol=1e-12)
    np.testing.assert_allclose(relative_error(b, a), relative_error(a, b), rtol=0)
    np.testing.assert_allclose(relative_error(-3.0, 1.0), 4 / 3)
    assert relative_error([1.0], [3.0], floor=10)[0] == pytest.approx(0.2)
    assert np.isnan(relative_error([np.nan], [1.0])[0])


def test_gradient_check_names_the_wrong_one():
    a, b = np.array([1.0, 2.0]), np.array([[3.0]])

    def loss():
        return float((a**2).sum() + a[0] * b[0, 0])

    right = {"a": np.array([5.0, 4.0]), "b": np.array([[1.0]])}
    errors = gradient_check(loss, {"a": a, "b": b}, right)
    assert set(errors) == {"a", "b"}
    assert all(type(error) is float and error < 1e-8 for error in errors.values())
    wrong = right | {"a": np.array([5.0, -4.0])}  # one sign among many
    errors = gradient_check(loss, {"a": a, "b": b}, wrong)
    assert errors["a"] == pytest.approx(2)
    assert errors["b"] < 1e-8
    assert gradient_check(loss, {"a": a, "b": b}, right, step=0.5)["a"] < 1e-12


def test_gradient_check_reads_gradients_before_the_loss_overwrites_them():
    """A loss that runs backward again must not move the gradients that are being checked."""
    a, gradient = np.array([3.0]), np.array([6.0])

    def loss():
        gradient[:] = 2 * a
        return float((a**2).sum())

    assert gradient_check(loss, {"a": a}, {"a": gradient}, step=1e-2)["a"] < 1e-10


def test_gradient_that_is_not_a_number_does_not_pass():
    a = np.array([1.0])
    error = gradient_check(lambda: float(a[0]), {"a": a}, {"a": np.array([np.nan])})["a"]
    assert not error < 1e300


def test_a_number_may_come_as_an_array_without_axes_and_a_step_from_numpy():
    a = np.array([1.0, 2.0])
    for step in (1e-6, np.float32(1e-6), np.float64(1e-6)):
        gradient = numerical_gradient(lambda: np.array((a**2).sum()), a, step)
        np.testing.assert_allclose(gradient, 2 * a, rtol=1e-6)


def test_of_an_infinity_nothing_can_be_said():
    error = relative_error([np.inf, np.nan, 1.0], [np.inf, np.nan, 1.0])
    np.testing.assert_array_equal(error, [np.nan, np.nan, 0])
    assert not error.max() < 1e-6  # so no check can take it for right


def test_relative_error_at_the_edge_of_the_floats():
    np.testing.assert_array_equal(relative_error([1e308], [-1e308]), [2])
    assert np.isnan(relative_error([np.inf], [np.inf])[0])
