"""The benchmark compares equals, and the README claims what it measured."""

from pathlib import Path

import numpy as np
import pytest
from shapes import equal

from tinycnn_lib import Conv2D, Dense, Flatten, MaxPool2D, ReLU, Sequential, softmax_cross_entropy

ROOT = Path(__file__).parent.parent
BENCHMARKS, README = ROOT / "benchmarks", ROOT / "README.md"
RESULTS = BENCHMARKS / "results.md"


@pytest.mark.parametrize("kinds", ["TEXTBOOK", "IM2COL"])
def test_baselines_equal_the_library(kinds, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import baselines

    model = Sequential(
        *(Conv2D(2, 3, 3), ReLU(), MaxPool2D(2), Conv2D(3, 4, 2), ReLU(), MaxPool2D(2)),
        *(Flatten(), Dense(4 * 1 * 2, 3)),
    )
    twin = baselines.PlainNetwork(getattr(baselines, kinds), model)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 2, 9, 12)), rng.integers(0, 3, size=3)
    logits = model.forward(x)
    equal(twin.forward(x), logits)
    loss, probabilities, d_logits = softmax_cross_entropy(logits, y)
    found = baselines.plain_softmax_cross_entropy(logits, y)
    for a, b in zip(found, (loss, probabilities, d_logits), strict=True):
        equal(a, b)
    model.backward(d_logits, input_gradient=False)
    twin.backward(d_logits)
    for layer, plain in zip(model.layers, twin.layers, strict=True):
        if hasattr(layer, "weights"):
            equal(plain.d_weights, layer.d_weights)
            equal(plain.d_bias, layer.d_bias)


def test_the_readme_claims_what_was_measured():
    rows = [line.strip("| ").split(" | ") for line in RESULTS.read_text("utf-8").splitlines()[4:]]
    header, _, *rows = rows
    steps = [dict(zip(header, row, strict=True)) for row in rows if row[1] == "step"]

    def ratios(side, wanted):
        return [float(row[side].split()[0]) for row in steps if wanted(row["Workload"])]

    loops = ratios("textbook loops", lambda name: True)
    torch = ratios("PyTorch", lambda name: name not in ("W1, 1 image", "W3, float32"))
    (one,) = ratios("plain im2col", lambda name: name == "W1, 1 image")
    text = README.read_text("utf-8")
    assert f"{min(loops):.1f} to {max(loops):.1f} times as fast as loops" in text
    assert f"{min(torch):.1f} to {max(torch):.1f} times as fast as PyTorch" in text
    assert one < 0.5
    assert "a plain im2col without them takes less than half the time" in text
