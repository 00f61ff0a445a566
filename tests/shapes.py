"""Random shapes for the tests: every awkward one is as likely as the square one."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

# The same examples on every machine and in every run; no time limit on a busy one.
over_shapes = settings(derandomize=True, deadline=None, max_examples=100, database=None)

seeds = st.integers(0, 2**32 - 1)


@st.composite
def convolutions(draw):
    """(N, C, H, W), F, k and a generator; H and W differ freely, the kernel may fill the image."""
    N, C, F, k = (draw(st.integers(1, most)) for most in (3, 3, 3, 4))
    H, W = (k + draw(st.integers(0, 4)) for _ in range(2))
    return (N, C, H, W), F, k, np.random.default_rng(draw(seeds))


@st.composite
def poolings(draw):
    """(N, C, H, W), p and a generator; p need not divide H or W."""
    N, C, p = (draw(st.integers(1, most)) for most in (3, 3, 4))
    H, W = (p + draw(st.integers(0, 6)) for _ in range(2))
    return (N, C, H, W), p, np.random.default_rng(draw(seeds))


@st.composite
def matrices(draw):
    """(N, D_in), D_out and a generator."""
    N, D_in, D_out = (draw(st.integers(1, most)) for most in (5, 7, 5))
    return (N, D_in), D_out, np.random.default_rng(draw(seeds))


def equal(actual, expected):
    """Assert equality to 1e-12: of the number itself below 1, relative above."""
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)
    assert np.shape(actual) == np.shape(expected)  # assert_allclose would broadcast


def fill(layer, rng):
    """Give a layer random weights and, unlike at its start, a random bias."""
    layer.weights = rng.normal(size=layer.weights.shape)
    layer.bias = rng.normal(size=layer.bias.shape)
    return layer
