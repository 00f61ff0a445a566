"""The figures' arithmetic against the library: every number, forward and back, to 1e-9."""

import numpy as np
import pytest
from figure_book import SCRIPTS

from tinycnn_lib import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    TinyCNN,
    softmax_cross_entropy,
    traced_image,
)
from tinycnn_lib.explorers import contents
from tinycnn_lib.explorers.sliding_window import IMAGE

TOLERANCE = 1e-9

RUN = """async ([source, job, argument]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const math = await import(url);
  return new Function("math", "argument", job)(math, argument);
}"""

BOTH_WAYS = """
  const {net, image, target} = argument;
  const seen = math.forward(net, image);
  const back = math.backward(net, seen, target);
  const places = math.table(image.length, image[0].length, (i, j) => [i, j]);
  const along = (terms) => places.map((row) => row.map(([i, j]) =>
    math.sum(net.kernels.map((_, f) => terms(f, i, j)))));
  return {
    ...seen, ...back, loss: math.lossOf(net, image, target),
    scattered: along((f, i, j) => math.sum(
      math.scatterTerms(net, back.d_conv, f, i, j).map((t) => t.product))),
    turned: along((f, i, j) => math.sum(math.turnedTerms(net, back.d_conv, f, i, j).products)),
  };"""


@pytest.fixture(scope="module")
def run(browser):
    """Run a piece of JavaScript on the module arithmetic.js."""
    page = browser.new_page()
    source = (SCRIPTS / "arithmetic.js").read_text()
    yield lambda job, argument: page.evaluate(RUN, [source, job, argument])
    page.close()


def library(model, image, target):
    """Return every number of every layer, and every gradient, under the names of arithmetic.js."""
    names = ("conv", "relu", "pool", "flat", "logits")
    x = image[None, None]
    outputs = {"input": x}
    for name, layer in zip(names, model.layers, strict=True):
        x = outputs[name] = layer.forward(x)
    loss, probabilities, d_output = softmax_cross_entropy(x, np.array([target]))
    result = {name: values[0] for name, values in outputs.items()}
    result["input"] = result["input"][0]
    result |= {"loss": loss, "probabilities": probabilities[0], "d_logits": d_output[0]}
    for layer, name in zip(
        reversed(model.layers), ("flat", "pool", "relu", "conv", "input"), strict=True
    ):
        d_output = layer.backward(d_output)
        result[f"d_{name}"] = d_output[0]
    result["d_input"] = result["d_input"][0]
    conv, dense = model.layers[0], model.layers[-1]
    result |= {"d_kernels": conv.d_weights[:, 0], "d_conv_bias": conv.d_bias}
    result |= {"d_weights": dense.d_weights, "d_dense_bias": dense.d_bias}
    result |= {"scattered": result["d_input"], "turned": result["d_input"]}
    mask = model.layers[2].last_mask[0]
    return result, mask


def assert_equal(found, model, image, target):
    expected, mask = library(model, image, target)
    assert set(expected) <= set(found)
    worst = 0.0
    for name, values in expected.items():
        got = np.array(found[name], dtype=float)
        assert got.shape == np.shape(values), name
        worst = max(worst, float(np.abs(got - values).max()))
        np.testing.assert_allclose(got, values, rtol=0, atol=TOLERANCE, err_msg=name)
    winners = np.zeros_like(mask)
    for f, rows in enumerate(found["winners"]):
        for row, column in (place for line in rows for place in line):
            winners[f, row, column] = 1
    np.testing.assert_array_equal(winners, mask)
    return worst


def randomized(model, rng):
    for layer in (model.layers[0], model.layers[-1]):
        layer.weights[...] = rng.normal(0, rng.uniform(0.1, 3), layer.weights.shape)
        layer.bias[...] = rng.normal(0, 1, layer.bias.shape)
    return model


def test_tinycnn_forward_and_back_over_random_weights_and_images(run):
    rng = np.random.default_rng(5)
    worst = 0.0
    for trial in range(60):
        model = randomized(TinyCNN(trial), rng)
        image = rng.uniform(0, 1, (8, 8))
        target = int(rng.integers(3))
        net = contents.network("", model)
        found = run(BOTH_WAYS, {"net": net, "image": image.tolist(), "target": target})
        worst = max(worst, assert_equal(found, model, image, target))
    print(f"largest difference: {worst:.1e}")


@pytest.mark.parametrize(
    ("side", "filters", "kernel", "pool", "classes"),
    [(9, 2, 3, 2, 4), (7, 1, 2, 3, 2), (12, 6, 5, 2, 10), (5, 4, 1, 2, 3)],
)
def test_other_sizes_with_rows_left_over_and_even_kernels(
    run, side, filters, kernel, pool, classes
):
    rng = np.random.default_rng(side)
    features = filters * ((side - kernel + 1) // pool) ** 2
    model = Sequential(
        Conv2D(1, filters, kernel), ReLU(), MaxPool2D(pool), Flatten(), Dense(features, classes)
    )
    for _ in range(5):
        randomized(model, rng)
        image = rng.uniform(0, 1, (side, side))
        net = contents.network("", model)
        found = run(BOTH_WAYS, {"net": net, "image": image.tolist(), "target": classes - 1})
        assert_equal(found, model, image, classes - 1)


@pytest.mark.parametrize("image", [np.zeros((8, 8)), np.ones((8, 8)), traced_image()[0, 0]])
def test_ties_and_exact_zeros_fall_the_same_way(run, image):
    for seed in range(5):
        model = TinyCNN(seed)
        net = contents.network("", model)
        found = run(BOTH_WAYS, {"net": net, "image": image.tolist(), "target": 1})
        assert_equal(found, model, image, 1)


def test_sliding_window_with_padding_stride_and_a_turned_kernel(run):
    rng = np.random.default_rng(3)
    job = """return math.correlate(math.pad(argument.image, argument.padding),
      argument.turned ? math.turn(argument.kernel) : argument.kernel, argument.stride);"""
    for side, size in ((6, 3), (7, 2), (5, 1), (10, 5)):
        image = rng.integers(-9, 10, (side, side)).astype(float)
        kernel = rng.integers(-9, 10, (size, size)).astype(float)
        for padding in (0, 1, 2):
            for stride in (1, 2, 3):
                for turned in (False, True):
                    conv = Conv2D(1, 1, size)
                    conv.weights[0, 0] = kernel[::-1, ::-1] if turned else kernel
                    padded = np.pad(image, padding)[None, None]
                    expected = conv.forward(padded)[0, 0, ::stride, ::stride]
                    found = run(
                        job,
                        {
                            "image": image.tolist(),
                            "kernel": kernel.tolist(),
                            "padding": padding,
                            "stride": stride,
                            "turned": turned,
                        },
                    )
                    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_a_hopeless_logit_gives_a_finite_loss(run):
    loss = run("return math.crossEntropy(math.softmax([1000, 0, -1000]), 2);", None)
    expected, _, _ = softmax_cross_entropy(np.array([[1000.0, 0, -1000]]), np.array([2]))
    assert loss == pytest.approx(expected, abs=TOLERANCE)


def test_the_windows_of_stride_2_reach_every_pixel_but_the_last_row_and_column():
    """What Chapter 22 says beside the sliding window, with the kernel of ones."""
    conv = Conv2D(1, 1, 3)
    conv.weights[...] = 1

    def output(image):
        return conv.forward(image[None, None])[0, 0, ::2, ::2]

    before = output(IMAGE)
    for row, column in np.ndindex(IMAGE.shape):
        changed = IMAGE.copy()
        changed[row, column] += 1
        unseen = row == 5 or column == 5
        assert np.array_equal(output(changed), before) == unseen
