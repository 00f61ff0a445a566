"""Write torch_reference.npz: what PyTorch computes for the layers of this book, in float64.

Run once, in an environment of its own; PyTorch is no dependency of the book or of its tests:

    python -m venv /somewhere/else && /somewhere/else/bin/pip install numpy torch==2.13.0
    /somewhere/else/bin/python tests/data/make_torch_reference.py

Each entry is `case/name`. Inputs are rounded to a few binary digits and stored beside the
results, so that the file does not depend on anybody's random generator.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

torch.set_num_threads(1)
rng = np.random.default_rng(2026)
entries = {"torch_version": np.array(str(torch.__version__))}


def draw(*shape):
    """Return normal numbers rounded to multiples of 1/64."""
    return np.round(rng.normal(size=shape) * 64) / 64


def keep(case, **arrays):
    for name, value in arrays.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        entries[f"{case}/{name}"] = value


def leaf(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


for case, (N, C, H, W, F, k) in {
    "conv_square": (2, 1, 8, 8, 3, 3),
    "conv_wide": (3, 2, 5, 7, 4, 2),
    "conv_tall": (1, 3, 9, 4, 2, 4),  # the kernel is as wide as the image
    "conv_pointwise": (2, 3, 4, 5, 2, 1),
}.items():
    x, weights, bias = leaf(draw(N, C, H, W)), leaf(draw(F, C, k, k)), leaf(draw(F))
    y = functional.conv2d(x, weights, bias)
    d_output = draw(*y.shape)
    y.backward(torch.tensor(d_output))
    keep(case, x=x, weights=weights, bias=bias, y=y, d_output=d_output)
    keep(case, d_x=x.grad, d_weights=weights.grad, d_bias=bias.grad)

for case, (shape, p, integers) in {
    "pool_ties": ((2, 3, 6, 8), 2, True),
    "pool_ties_remainder": ((3, 2, 7, 11), 3, True),
    "pool_remainder": ((2, 2, 7, 5), 2, False),
    "pool_one_row": ((1, 1, 4, 13), 4, True),
}.items():
    x = leaf(rng.integers(0, 3, shape).astype(float) if integers else draw(*shape))
    y = functional.max_pool2d(x, p)
    d_output = draw(*y.shape)
    y.backward(torch.tensor(d_output))
    keep(case, p=np.array(p), x=x, y=y, d_output=d_output, d_x=x.grad)

x = leaf(np.round(draw(3, 2, 4, 5)))  # many exact zeros: the corner
y = functional.relu(x)
d_output = draw(*y.shape)
y.backward(torch.tensor(d_output))
keep("relu", x=x, y=y, d_output=d_output, d_x=x.grad)

x, weights, bias = leaf(draw(5, 7)), leaf(draw(7, 4)), leaf(draw(4))
y = functional.linear(x, weights.T, bias)
d_output = draw(*y.shape)
y.backward(torch.tensor(d_output))
keep("dense", x=x, weights=weights, bias=bias, y=y, d_output=d_output)
keep("dense", d_x=x.grad, d_weights=weights.grad, d_bias=bias.grad)

for case, scale in {"loss": 1.0, "loss_large_logits": 8.0}.items():
    logits, targets = leaf(draw(6, 5) * scale), rng.integers(0, 5, 6)
    loss = functional.cross_entropy(logits, torch.tensor(targets))
    loss.backward()
    keep(case, logits=logits, targets=targets, loss=loss, d_logits=logits.grad)
    keep(case, probabilities=functional.softmax(logits, dim=1))

# The whole network: 114 parameters, drawn as the library draws them but stored here.
network = {
    "conv_weights": leaf(draw(3, 1, 3, 3) * 0.5),
    "conv_bias": leaf(draw(3) * 0.25),
    "dense_weights": leaf(draw(27, 3) * 0.25),
    "dense_bias": leaf(draw(3) * 0.25),
}
x, targets = leaf(draw(6, 1, 8, 8)), rng.integers(0, 3, 6)
hidden = functional.max_pool2d(
    functional.relu(functional.conv2d(x, network["conv_weights"], network["conv_bias"])), 2
)
logits = hidden.flatten(1) @ network["dense_weights"] + network["dense_bias"]
loss = functional.cross_entropy(logits, torch.tensor(targets))
loss.backward()
keep("tinycnn", x=x, targets=targets, logits=logits, loss=loss, d_x=x.grad, **network)
keep("tinycnn", **{f"d_{name}": value.grad for name, value in network.items()})

path = Path(__file__).with_name("torch_reference.npz")
np.savez_compressed(path, **entries)
print(f"{path}: {len(entries)} arrays, {path.stat().st_size:,} bytes")
