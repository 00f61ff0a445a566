"""The benchmark compares equals: its loops compute what the library computes, and it runs."""

from pathlib import Path

import numpy as np
import pytest
from shapes import equal

from tinycnn_lib import Conv2D, Dense, Flatten, MaxPool2D, ReLU, Sequential, softmax_cross_entropy

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def textbook(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import textbook

    return textbook


def test_textbook_loops_equal_the_library(textbook):
    model = Sequential(
        *(Conv2D(2, 3, 3), ReLU(), MaxPool2D(2), Conv2D(3, 4, 2), ReLU(), MaxPool2D(2)),
        *(Flatten(), Dense(4 * 1 * 2, 3)),
    )
    twin = textbook.LoopNetwork(model)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 2, 9, 12)), rng.integers(0, 3, size=3)
    logits = model.forward(x)
    equal(twin.forward(x), logits)
    loss, probabilities, d_logits = softmax_cross_entropy(logits, y)
    for a, b in zip(
        textbook.loop_softmax_cross_entropy(logits, y), (loss, probabilities, d_logits), strict=True
    ):
        equal(a, b)
    model.backward(d_logits, input_gradient=False)
    twin.backward(d_logits)
    for layer, loop in zip(model.layers, twin.layers, strict=True):
        if hasattr(layer, "weights"):
            equal(loop.d_weights, layer.d_weights)
            equal(loop.d_bias, layer.d_bias)
