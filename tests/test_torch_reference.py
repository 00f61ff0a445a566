"""The layers against results that PyTorch computed once; see data/make_torch_reference.py."""

from pathlib import Path

import numpy as np
import pytest
from shapes import equal

from tinycnn_lib import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    TinyCNN,
    loops,
    softmax,
    softmax_cross_entropy,
)

with np.load(Path(__file__).parent / "data" / "torch_reference.npz", allow_pickle=False) as file:
    REFERENCE = {name: file[name] for name in file.files}
CASES = sorted({name.split("/")[0] for name in REFERENCE if "/" in name})


def read(case):
    return {key.split("/")[1]: a for key, a in REFERENCE.items() if key.startswith(case + "/")}


def cases(kind):
    found = [case for case in CASES if case.split("_")[0] == kind]
    assert found
    return pytest.mark.parametrize("case", found)


def test_every_case_of_the_file_is_read_by_a_test_below():
    kinds = {case.split("_")[0] for case in CASES}
    assert kinds == {"conv", "pool", "relu", "dense", "loss", "tinycnn"}
    assert str(REFERENCE["torch_version"]).startswith("2.13.0")
    for name, array in REFERENCE.items():
        assert array.dtype in (np.float64, np.int64) or name == "torch_version", name


@cases("conv")
def test_conv2d(case):
    r = read(case)
    F, C, k, _ = r["weights"].shape
    layer = Conv2D(C, F, k)
    layer.weights, layer.bias = r["weights"], r["bias"]
    equal(layer.forward(r["x"]), r["y"])
    equal(layer.backward(r["d_output"]), r["d_x"])
    equal(layer.d_weights, r["d_weights"])
    equal(layer.d_bias, r["d_bias"])
    equal(loops.conv2d_forward(r["x"], r["weights"], r["bias"]), r["y"])


@cases("pool")
def test_maxpool2d_with_the_same_winner_on_ties(case):
    r = read(case)
    layer = MaxPool2D(int(r["p"]))
    equal(layer.forward(r["x"]), r["y"])
    equal(layer.backward(r["d_output"]), r["d_x"])
    # PyTorch sends each gradient to one entry; that is the same entry:
    np.testing.assert_array_equal(layer.last_mask != 0, r["d_x"] != 0)


def test_the_pooling_cases_do_have_ties():
    tied = 0
    for case in CASES:
        if case.startswith("pool_ties"):
            r = read(case)
            p = int(r["p"])
            for n, c, i, j in np.ndindex(r["y"].shape):
                window = r["x"][n, c, p * i : p * i + p, p * j : p * j + p]
                tied += (window == window.max()).sum() > 1
    assert tied > 20


def test_relu():
    r = read("relu")
    layer = ReLU()
    assert (r["x"] == 0).sum() > 10  # the corner is really there
    equal(layer.forward(r["x"]), r["y"])
    equal(layer.backward(r["d_output"]), r["d_x"])


def test_dense():
    r = read("dense")
    layer = Dense(*r["weights"].shape)
    layer.weights, layer.bias = r["weights"], r["bias"]
    equal(layer.forward(r["x"]), r["y"])
    equal(layer.backward(r["d_output"]), r["d_x"])
    equal(layer.d_weights, r["d_weights"])
    equal(layer.d_bias, r["d_bias"])


@cases("loss")
def test_softmax_cross_entropy(case):
    r = read(case)
    loss, probabilities, d_logits = softmax_cross_entropy(r["logits"], r["targets"])
    equal(loss, r["loss"])
    equal(probabilities, r["probabilities"])
    equal(softmax(r["logits"]), r["probabilities"])
    equal(d_logits, r["d_logits"])


def test_tinycnn_with_all_114_parameter_gradients():
    r = read("tinycnn")
    model = TinyCNN()
    for layer, name in ((model.conv, "conv"), (model.dense, "dense")):
        layer.weights, layer.bias = r[f"{name}_weights"], r[f"{name}_bias"]
    logits = model.forward(r["x"])
    equal(logits, r["logits"])
    loss, _, d_logits = softmax_cross_entropy(logits, r["targets"])
    equal(loss, r["loss"])
    equal(model.backward(d_logits), r["d_x"])
    compared = 0
    for layer, name in ((model.conv, "conv"), (model.dense, "dense")):
        for key in ("weights", "bias"):
            gradient = getattr(layer, f"d_{key}")
            equal(gradient, r[f"d_{name}_{key}"])
            compared += gradient.size
    assert compared == 114


def test_flatten_order_is_that_of_torch_flatten():
    """Implied by the whole network; asserted on its own for a clearer failure."""
    r = read("tinycnn")
    x = r["x"].repeat(2, axis=1)
    np.testing.assert_array_equal(Flatten().forward(x), [image.ravel() for image in x])
