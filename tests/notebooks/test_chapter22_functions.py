"""The functions that Chapter 22 defines in its cells, held against SciPy and the library."""

import ast
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy import signal

from tinycnn_lib import Conv2D, loops

CHAPTER = Path(__file__).parents[2] / "chapters" / "22-convolution.ipynb"


@pytest.fixture(scope="module")
def chapter():
    """Return the names that the chapter defines: its functions, without running the rest.

    Of two functions of one name the first is kept; answer cells, which define unfinished ones,
    are passed over.
    """
    names = {"np": np}
    for cell in nbformat.read(CHAPTER, as_version=4).cells:
        unfinished = cell.source.startswith("# Your answer")
        if cell.cell_type != "code" or "%config" in cell.source or unfinished:
            continue
        functions = [
            node
            for node in ast.parse(cell.source).body
            if isinstance(node, ast.FunctionDef) and node.name not in names
        ]
        exec(compile(ast.Module(functions, []), str(CHAPTER), "exec"), names)
    return names


@pytest.fixture
def rng():
    return np.random.default_rng(0)


SHAPES = [((5, 5), 3), ((4, 7), 3), ((9, 6), 4), ((3, 3), 3), ((6, 2), 1)]


def test_a_row_is_correlated_as_numpy_does_it(chapter, rng):
    for width, k in [(8, 3), (5, 5), (9, 2), (4, 1)]:
        x, w = rng.normal(size=width), rng.normal(size=k)
        np.testing.assert_allclose(chapter["slide"](x, w), np.correlate(x, w, mode="valid"))


@pytest.mark.parametrize(("shape", "k"), SHAPES)
def test_the_chapter_correlates_and_turned_it_convolves(chapter, rng, shape, k):
    image, kernel = rng.normal(size=shape), rng.normal(size=(k, k))
    slide_over, turn = chapter["slide_over"], chapter["turn"]
    correlated = signal.correlate2d(image, kernel, mode="valid")
    np.testing.assert_allclose(slide_over(image, kernel), correlated, atol=1e-12)
    convolved = signal.convolve2d(image, kernel, mode="valid")
    np.testing.assert_allclose(slide_over(image, turn(kernel)), convolved, atol=1e-12)
    if k > 1:
        assert not np.allclose(correlated, convolved)


def test_what_the_chapter_says_of_kernels_that_cannot_tell(chapter, rng):
    image = rng.normal(size=(6, 7))
    for kernel, sign in [(np.full((3, 3), 1 / 9), 1), (np.outer([1, 2, 1], [-1, 0, 1]), -1)]:
        correlated = signal.correlate2d(image, kernel, mode="valid")
        np.testing.assert_allclose(
            signal.convolve2d(image, kernel, mode="valid"), sign * correlated, atol=1e-12
        )


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize(("shape", "k"), [((5, 5), 3), ((4, 7), 3), ((9, 6), 5)])
def test_the_named_paddings_are_scipys(chapter, rng, mode, shape, k):
    image, kernel = rng.normal(size=shape), rng.normal(size=(k, k))
    P = {"valid": 0, "same": (k - 1) // 2, "full": k - 1}[mode]
    y = chapter["conv2d"](image[None, None], kernel[None, None], np.zeros(1), P)
    np.testing.assert_allclose(y[0, 0], signal.correlate2d(image, kernel, mode=mode), atol=1e-12)


@pytest.mark.parametrize("s", [1, 2, 3])
@pytest.mark.parametrize("P", [0, 1, 2])
def test_channels_filters_padding_and_stride(chapter, rng, P, s):
    x, weights = rng.normal(size=(2, 3, 7, 6)), rng.normal(size=(4, 3, 3, 3))
    bias = rng.normal(size=4)
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y = chapter["conv2d"](x, weights, bias, P, s)
    for n, f in np.ndindex(2, 4):
        expected = bias[f] + sum(
            signal.correlate2d(padded[n, c], weights[f, c], mode="valid") for c in range(3)
        )
        np.testing.assert_allclose(y[n, f], expected[::s, ::s], atol=1e-12)


def test_every_way_to_compute_the_layer_gives_the_same(chapter, rng):
    conv = Conv2D(2, 3, 3, seed=1)
    conv.bias[:] = rng.normal(size=3)
    x = rng.normal(size=(4, 2, 6, 9))
    expected = conv.forward(x)
    np.testing.assert_allclose(
        chapter["conv2d_loops"](x, conv.weights, conv.bias), expected, atol=1e-12
    )
    cols = chapter["batch_to_cols"](x, 3)
    one = cols.reshape(len(cols), -1, len(x))[..., 1]  # (18, 28): the columns of image 1
    np.testing.assert_array_equal(one, chapter["image_to_cols"](x[1], 3))
    maps = conv.weights.reshape(3, -1) @ cols + conv.bias[:, None]
    maps = maps.reshape(3, 4, 7, 4).transpose(3, 0, 1, 2)  # (F, OH OW N) -> (N, F, OH, OW)
    np.testing.assert_allclose(maps, expected, atol=1e-12)


def test_the_matrix_is_the_layer_and_its_transpose_the_adjoint(chapter, rng):
    weights = rng.normal(size=(2, 1, 3, 3))
    matrix = chapter["convolution_matrix"](weights, 5, 7)
    x, y = rng.normal(size=(1, 1, 5, 7)), rng.normal(size=(1, 2, 3, 5))
    forward = loops.conv2d_forward(x, weights, np.zeros(2))
    np.testing.assert_allclose(matrix @ x.ravel(), forward.ravel(), atol=1e-12)
    back = loops.conv2d_backward(y, x, weights)[0]
    np.testing.assert_allclose(matrix.T @ y.ravel(), back.ravel(), atol=1e-12)


def test_a_kernel_that_does_not_fit_is_refused(chapter):
    assert chapter["output_size"](5, 5) == 1
    assert chapter["output_size"](3, 5, P=1) == 1
    with pytest.raises(ValueError, match=r"k: expected at most size \+ 2 P = 4, got 5"):
        chapter["output_size"](2, 5, P=1)
    with pytest.raises(ValueError, match="k: expected at most"):
        chapter["conv2d"](np.zeros((1, 1, 2, 9)), np.zeros((1, 1, 3, 3)), np.zeros(1))


def test_coverage_counts_windows(chapter):
    for size, k, P, s in [(5, 3, 0, 1), (5, 3, 2, 1), (6, 3, 0, 2), (7, 4, 1, 3)]:
        starts = [i for i in range(-P, size + P, s) if i + k <= size + P]
        expected = [sum(start <= place < start + k for start in starts) for place in range(size)]
        assert chapter["coverage"](size, k, P, s).tolist() == expected
