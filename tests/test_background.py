"""The numbers of the background page, read from its text and computed anew."""

import re
from pathlib import Path

import numpy as np
import pytest

from tinycnn_lib import Dense, ReLU, softmax_cross_entropy

PAGE = (Path(__file__).parents[1] / "appendix" / "background.md").read_text(encoding="utf-8")


def section(title):
    """Return the text from the heading `title` to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def matrix(text, name):
    r"""Return the pmatrix that stands behind `name` =."""
    found = re.search(re.escape(name) + r" = \\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", text, re.S)
    assert found, name
    return np.array([[float(entry) for entry in row.split("&")] for row in found[1].split(r"\\")])


def table(text):
    """Return the body of the section's one table, as strings."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 2
    rows = [row.replace("\N{MINUS SIGN}", "-") for row in rows]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def numbers(cell):
    return [float(part) for part in cell.split(",")]


def test_dense_example():
    text = section("The dense layer")
    x, weights, bias, y = (matrix(text, rf"\mathbf{{{name}}}") for name in ("x", "W", "b", "y"))
    layer = Dense(*weights.shape)
    layer.weights, layer.bias = weights, bias[0]
    np.testing.assert_array_equal(layer.forward(x), y)
    assert f"= {y[0, 0]:.0f}$" in text
    assert rf"it is $1 \cdot 1 + 2 \cdot 2 = {np.dot([1, 2], [1, 2])}$" in text
    assert f"The layer has {layer.parameter_count} parameters" in text


@pytest.fixture(scope="module")
def xor():
    text = section("Two ReLU units can")
    names = (r"\mathbf{W}_1", r"\mathbf{b}_1", r"\mathbf{W}_2")
    weights_1, bias_1, weights_2 = (matrix(text, name) for name in names)
    bias_2 = float(re.search(r"b_2 = (-?\d+)\.", text)[1])
    first, second = Dense(*weights_1.shape), Dense(*weights_2.shape)
    first.weights, first.bias = weights_1, bias_1[0]
    second.weights, second.bias = weights_2, np.array([bias_2])
    return text, first, second


def test_xor_network_and_its_table(xor):
    text, first, second = xor
    rows = table(text)
    assert sorted((row[0], row[1]) for row in rows) == [
        ("0", "0"), ("0", "1"), ("1", "0"), ("1", "1"),
    ]  # fmt: skip
    for x_0, x_1, before, after, y in rows:
        x = np.array([[float(x_0), float(x_1)]])
        hidden = first.forward(x)
        np.testing.assert_array_equal(hidden[0], numbers(before))
        hidden = ReLU().forward(hidden)
        np.testing.assert_array_equal(hidden[0], numbers(after))
        np.testing.assert_array_equal(second.forward(hidden), [[float(y)]])
        assert int(y) == int(x_0) ^ int(x_1)
    count = first.parameter_count + second.parameter_count
    assert f"The whole network has {count} parameters" in text


def test_without_relu_the_xor_network_is_one_dense_layer(xor):
    _, first, second = xor
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = second.forward(first.forward(x))
    one = Dense(2, 1)
    one.weights = first.weights @ second.weights
    one.bias = first.bias @ second.weights + second.bias
    np.testing.assert_array_equal(one.forward(x), y)
    assert y[0] + y[3] == y[1] + y[2]  # what XOR would need to be unequal


def test_softmax_and_cross_entropy_example():
    text = section("Softmax and cross-entropy")
    rows = table(text)
    right = int(re.search(r"class (\d) is the right one", text)[1])
    logits = np.array([[float(row[1]) for row in rows]])
    loss, probabilities, d_logits = softmax_cross_entropy(logits, np.array([right]))
    assert [row[2] for row in rows] == [f"{value:.3f}" for value in probabilities[0]]
    assert [row[3] for row in rows] == [f"{value:.3f}" for value in d_logits[0]]
    assert rf"$-\log {probabilities[0, right]:.3f} = {loss:.3f}$" in text
    assert rf"$\log 3 = {np.log(3):.3f}$" in text


def test_gradient_descent_example():
    rows = table(section("Gradient descent"))
    assert len(rows) == 3
    for row in rows:
        rate, theta, *after = map(float, row)
        for expected in after:
            theta -= rate * 2 * theta
            assert theta == pytest.approx(expected, abs=1e-12)


def test_chain_rule_example():
    text = section("The chain rule")
    slope, offset, x = map(
        int, re.search(r"y = (\d+)x \+ (\d+)\$ and \$L = y\^2\$ at \$x = (\d+)", text).groups()
    )
    y = slope * x + offset
    assert f"$y = {y}$ and $L = {y**2}$" in text
    assert rf"\partial L / \partial y = 2y = {2 * y}$" in text
    assert rf"\partial y / \partial x = {slope}$" in text
    assert rf"\partial L / \partial x = {2 * y * slope}$" in text
    step = float(re.search(r"A step of ([\d.]+) agrees", text)[1])
    assert f"from {y**2} to {(slope * (x + step) + offset) ** 2:.3f}," in text
