"""Softmax and cross-entropy: naive twin, identities, limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from shapes import equal, matrices, over_shapes, seeds

from tinycnn_lib import gradient_check, loops, softmax, softmax_cross_entropy


@over_shapes
@given(matrices(), st.sampled_from([0.1, 1.0, 10.0]))
def test_equals_its_naive_twin(case, scale):
    (N, _), K, rng = case
    logits = rng.normal(scale=scale, size=(N, K))
    targets = rng.integers(0, K, size=N)
    result = softmax_cross_entropy(logits, targets)
    for fast, naive in zip(result, loops.softmax_cross_entropy(logits, targets), strict=True):
        equal(fast, naive)
    equal(softmax(logits), loops.softmax(logits))
    np.testing.assert_array_equal(softmax(logits), result[1])


@over_shapes
@given(matrices())
def test_equals_scipy(case):
    (N, _), K, rng = case
    logits = rng.normal(scale=3, size=(N, K))
    targets = rng.integers(0, K, size=N)
    log_p = log_softmax(logits, axis=1)
    equal(softmax(logits), np.exp(log_p))
    equal(softmax_cross_entropy(logits, targets)[0], -log_p[np.arange(N), targets].mean())


@over_shapes
@given(matrices(), st.floats(-100, 100))
def test_softmax_is_a_distribution_that_no_shift_changes(case, shift):
    (N, _), K, rng = case
    logits = rng.normal(size=(N, K))
    p = softmax(logits)
    assert (p > 0).all()
    equal(p.sum(axis=1), np.ones(N))
    np.testing.assert_allclose(softmax(logits + shift), p, rtol=1e-11)
    row_shifts = rng.normal(size=(N, 1))  # each row its own
    np.testing.assert_allclose(softmax(logits + row_shifts), p, rtol=1e-12)
    order = rng.permutation(K)
    equal(softmax(logits[:, order]), p[:, order])


def test_the_triple():
    logits, targets = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), np.array([2, 0])
    triple = softmax_cross_entropy(logits, targets)
    assert type(triple) is tuple
    loss, probabilities, d_logits = triple
    assert type(loss) is float
    e = np.exp([1, 2, 3])
    equal(probabilities, [e / e.sum(), [1 / 3] * 3])
    equal(loss, (-math.log(math.exp(3) / sum(e)) + math.log(3)) / 2)  # the mean, not the sum
    equal(d_logits, (probabilities - [[0, 0, 1], [1, 0, 0]]) / 2)  # already divided by N
    assert not np.shares_memory(probabilities, d_logits)


@over_shapes
@given(matrices())
def test_each_row_of_the_gradient_sums_to_zero(case):
    (N, _), K, rng = case
    d_logits = softmax_cross_entropy(rng.normal(size=(N, K)), rng.integers(0, K, size=N))[2]
    np.testing.assert_allclose(d_logits.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_matches_central_differences(seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(4, 5)), rng.integers(0, 5, size=4)
    gradient = softmax_cross_entropy(logits, targets)[2]
    worst = gradient_check(
        lambda: softmax_cross_entropy(logits, targets)[0], {"z": logits}, {"z": gradient}, 1e-5
    )
    assert worst["z"] < 1e-7


def test_equal_logits_give_the_loss_of_chance():
    for K in (1, 2, 3, 10):
        loss, _, _ = softmax_cross_entropy(np.full((4, K), 5.0), np.zeros(4, int))
        equal(loss, math.log(K))


def test_the_clip():
    """A probability of 0 costs -log(1e-12), and its gradient is that of the loss unclipped."""
    loss, probabilities, d_logits = softmax_cross_entropy([[0.0, 1000.0]], [0])
    assert probabilities[0, 0] == 0
    equal(loss, -math.log(1e-12))
    np.testing.assert_array_equal(d_logits, [[-1, 1]])
    # just inside the clip, the loss is still the plain one:
    equal(softmax_cross_entropy([[0.0, 27.0]], [0])[0], 27 + math.log1p(math.exp(-27)))


@pytest.mark.parametrize("size", [700.0, 1e4, 1e300])
def test_large_logits_do_not_overflow(size):
    p = softmax([[size, 0.0, -size]])
    equal(p, [[1, 0, 0]])
    assert softmax_cross_entropy([[size, 0.0, -size]], [0])[0] == 0


def test_rows_far_apart_do_not_disturb_each_other():
    equal(softmax([[0.0, 0.0], [2000.0, 2000.0], [-2000.0, -2000.0]]), np.full((3, 2), 0.5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_dtype_is_kept(dtype):
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(dtype)
    loss, probabilities, d_logits = softmax_cross_entropy(logits, [0, 1, 2, 0])
    assert type(loss) is float
    assert softmax(logits).dtype == probabilities.dtype == d_logits.dtype == dtype


def test_integers_and_lists_are_numbers_too():
    np.testing.assert_array_equal(softmax([[1, 2]]), softmax(np.array([[1.0, 2.0]])))


@over_shapes
@given(seeds)
def test_arguments_are_left_alone(seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(3, 4)), rng.integers(0, 4, size=3)
    kept = logits.copy(), targets.copy()
    softmax(logits)
    softmax_cross_entropy(logits, targets)
    np.testing.assert_array_equal(logits, kept[0])
    np.testing.assert_array_equal(targets, kept[1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_largest_and_the_smallest_number_of_a_dtype(dtype):
    """Their difference is no number of this dtype; the probabilities are right all the same."""
    limits = np.finfo(dtype)
    logits = np.array([[limits.max, limits.min], [limits.min, limits.max]], dtype)
    np.testing.assert_array_equal(softmax(logits), np.eye(2, dtype=dtype))
    loss, probabilities, d_logits = softmax_cross_entropy(logits, [0, 0])
    assert probabilities.dtype == d_logits.dtype == dtype
    np.testing.assert_array_equal(d_logits, np.array([[0, 0], [-0.5, 0.5]], dtype))
    np.testing.assert_allclose(loss, -np.log(1e-12) / 2)


def test_the_clip_holds_in_half_precision():
    """In half precision 1e-12 is 0, and the loss would be infinite."""
    loss, _, _ = softmax_cross_entropy(np.array([[0, 40]], np.float16), [0])
    np.testing.assert_allclose(loss, -np.log(1e-12))


def test_softmax_is_silent_where_numpy_is_told_to_raise():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(softmax([[0.0, 1000.0]]), [[0, 1]])


def test_a_certain_right_answer_costs_zero_and_not_minus_zero():
    loss, _, _ = softmax_cross_entropy([[1000.0, 0.0]], [0])
    assert str(loss) == "0.0"
