"""The line patterns, against the procedure written a second time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import over_shapes, seeds

from tinycnn_lib import CLASS_NAMES, TinyCNN, base_pattern, make_dataset_bundle
from tinycnn_lib.datasets import traced_image


def pattern(name, size):
    """The base pattern, pixel by pixel."""
    image = np.zeros((size, size))
    for i, j in np.ndindex(size, size):
        if name == "diagonal":
            image[i, j] = {0: 1.0, 1: 0.35}.get(abs(i - j), 0.0)
        else:
            across = j if name == "vertical" else i
            image[i, j] = float(across in (size // 2 - 1, size // 2))
    return image


def bundle(train, val, size, seed, names):
    """The procedure as it is specified, without `np.roll`, `np.clip` or `np.split`."""
    rng = np.random.default_rng(seed)
    images, labels = [], []
    for label, name in enumerate(names):
        base = pattern(name, size)
        for _ in range(train + val):
            down = int(rng.integers(-2, 3))
            right = int(rng.integers(-2, 3))
            noise = rng.normal(0, 0.15, size=(size, size))
            image = np.empty((1, size, size))
            for i, j in np.ndindex(size, size):
                value = base[(i - down) % size, (j - right) % size] + noise[i, j]
                image[0, i, j] = min(max(value, 0.0), 1.0)
            images.append(image)
            labels.append(label)
    order = rng.permutation(len(images))
    images, labels = np.array(images)[order], np.array(labels)[order]
    first = train * len(names)
    return images[:first], labels[:first], images[first:], labels[first:], tuple(names)


def same(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.shape(a) == np.shape(b)


def test_the_default_bundle_follows_the_procedure():
    same(make_dataset_bundle(), bundle(60, 30, 8, 7, ("vertical", "horizontal", "diagonal")))


@over_shapes
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(3, 9),
    seeds,
    st.lists(st.sampled_from(CLASS_NAMES), min_size=1, unique=True),
)
def test_every_bundle_follows_the_procedure(train, val, size, seed, names):
    same(make_dataset_bundle(train, val, size, seed, names), bundle(train, val, size, seed, names))


def test_contract():
    assert CLASS_NAMES == ("vertical", "horizontal", "diagonal")
    x_train, y_train, x_val, y_val, names = make_dataset_bundle()
    assert names == CLASS_NAMES
    assert (x_train.shape, y_train.shape) == ((180, 1, 8, 8), (180,))
    assert (x_val.shape, y_val.shape) == ((90, 1, 8, 8), (90,))
    for x, y in ((x_train, y_train), (x_val, y_val)):
        assert x.dtype == np.float64
        assert y.dtype == np.int64
        assert x.min() == 0  # the clip is at work on both sides
        assert x.max() == 1
    np.testing.assert_array_equal(np.bincount(y_train), [67, 54, 59])
    np.testing.assert_array_equal(np.bincount(y_val), [23, 36, 31])


def test_a_seed_is_a_data_set():
    same(make_dataset_bundle(seed=3), make_dataset_bundle(seed=3))
    assert not np.array_equal(make_dataset_bundle(seed=3)[0], make_dataset_bundle(seed=4)[0])


def test_a_generator_may_stand_for_the_seed():
    same(make_dataset_bundle(seed=np.random.default_rng(7)), make_dataset_bundle())


@pytest.mark.parametrize("name", CLASS_NAMES)
@pytest.mark.parametrize("size", [3, 4, 5, 8, 12])
def test_base_pattern(name, size):
    image = base_pattern(name, size)
    np.testing.assert_array_equal(image, pattern(name, size))
    image[:] = 7  # the caller's own: the next one is clean
    np.testing.assert_array_equal(base_pattern(name, size), pattern(name, size))


def test_base_pattern_default_size():
    np.testing.assert_array_equal(base_pattern("vertical"), pattern("vertical", 8))
    np.testing.assert_array_equal(base_pattern("vertical").T, base_pattern("horizontal"))


def test_traced_image():
    image = traced_image()
    rows = ["00000000", "00200000", "00200000", "00210000", "00210000", "00200000", "00200000",
            "00000000"]  # fmt: skip
    np.testing.assert_array_equal(image, [[[[int(c) / 2 for c in row] for row in rows]]])
    assert image.shape == (1, 1, 8, 8)


def test_traced_image_has_no_tie_that_matters():
    model = TinyCNN(seed=42)
    model.forward(traced_image())
    maps = np.maximum(model.conv.forward(traced_image()), 0)
    windows = maps.reshape(1, 3, 3, 2, 3, 2).swapaxes(3, 4).reshape(-1, 4)
    largest = windows.max(axis=1, keepdims=True)
    assert ((windows == largest).sum(axis=1) == 1)[largest[:, 0] > 0].all()
