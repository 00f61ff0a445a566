"""How fast is `tinycnn_lib`? Forward and training step against textbook loops, side by side.

Both sides run in one process, on one thread, in alternating rounds, so that a busy machine slows
both alike; the ratio is the median over the rounds. A training step is forward, loss, backward
without the first layer's input gradient, and an SGD update. Before timing, both sides must agree.

Usage: python benchmarks/speed.py [--quick | --smoke]
With PyTorch installed (it is no dependency) its eager mode is a third column.
"""

# ruff: noqa: E402
import os

# One thread, and this before NumPy is loaded: otherwise the thread pool decides the result.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import platform
import statistics
import sys
import time

import numpy as np
from textbook import LoopNetwork, loop_softmax_cross_entropy

from tinycnn_lib import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    TinyCNN,
    softmax_cross_entropy,
)

try:
    import torch
except ImportError:
    torch = None

RATE = 1e-3  # small: the weights hardly move while the clock runs


def conv_dense(out_channels, features, classes):
    """W2: one convolution and one dense layer, TinyCNN with more of everything."""
    return Sequential(
        Conv2D(1, out_channels, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(features, classes)
    )


def two_convolutions():
    """W3: two convolutions on 28 x 28 images."""
    return Sequential(
        *(Conv2D(1, 16, 3), ReLU(), MaxPool2D(2)),  # (N, 1, 28, 28) -> (N, 16, 13, 13)
        *(Conv2D(16, 32, 3), ReLU(), MaxPool2D(2)),  # -> (N, 32, 5, 5)
        *(Flatten(), Dense(800, 10)),  # -> (N, 10)
    )


# name, model, images, classes, dtype, rounds, runs per round of the library, of the loops,
# least ratio to the loops: forward, step
WORKLOADS = [
    ("W1, batch 32", TinyCNN, (32, 1, 8, 8), 3, "float64", 41, 20, 1, (12, 10)),
    ("W1, batch 180", TinyCNN, (180, 1, 8, 8), 3, "float64", 21, 10, 1, None),
    ("W2, batch 64", lambda: conv_dense(16, 144, 10), (64, 1, 8, 8), 10, "float64", 15, 10, 1,
     (15, 10)),
    ("W3, batch 256", two_convolutions, (256, 1, 28, 28), 10, "float64", 3, 1, 1, None),
    ("W3, batch 256", two_convolutions, (256, 1, 28, 28), 10, "float32", 3, 1, 1, None),
]  # fmt: skip


def library_side(model, x, y):
    """Return the functions to be timed: forward and training step of the library."""

    def step():
        loss, _, d_logits = softmax_cross_entropy(model.forward(x), y)
        model.backward(d_logits, input_gradient=False)
        gradients = model.gradients()
        for name, value in model.parameters().items():
            value -= RATE * gradients[name]
        return loss

    return lambda: model.forward(x), step


def loop_side(model, x, y):
    """Return the same two functions for the textbook loops."""
    twin = LoopNetwork(model)

    def step():
        loss, _, d_logits = loop_softmax_cross_entropy(twin.forward(x), y)
        twin.backward(d_logits)
        for layer in twin.layers:
            if hasattr(layer, "weights"):
                layer.weights -= RATE * layer.d_weights
                layer.bias -= RATE * layer.d_bias
        return loss

    return lambda: twin.forward(x), step


def torch_side(model, x, y):
    """Return the same two functions for PyTorch in eager mode."""
    torch.set_num_threads(1)
    layers = []
    for layer in model.layers:
        if isinstance(layer, Conv2D):
            twin = torch.nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size)
            weights = layer.weights
        elif isinstance(layer, Dense):
            twin = torch.nn.Linear(layer.in_features, layer.out_features)
            weights = layer.weights.T
        else:
            layers.append(
                {ReLU: torch.nn.ReLU, Flatten: torch.nn.Flatten}[type(layer)]()
                if not isinstance(layer, MaxPool2D)
                else torch.nn.MaxPool2d(layer.pool_size)
            )
            continue
        twin.double()  # before the weights are copied, or they are rounded
        with torch.no_grad():
            twin.weight.copy_(torch.from_numpy(weights))
            twin.bias.copy_(torch.from_numpy(layer.bias))
        layers.append(twin)
    dtype = torch.float64 if x.dtype == np.float64 else torch.float32
    network = torch.nn.Sequential(*layers).to(dtype)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def forward():
        with torch.inference_mode():
            return network(x).numpy()

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return forward, step


def seconds(function, runs):
    start = time.perf_counter()
    for _ in range(runs):
        function()
    return (time.perf_counter() - start) / runs


def race(library, other, rounds, library_runs, other_runs):
    """Return (median seconds of library, of other, median ratio), rounds interleaved."""
    library(), other()  # warm-up
    times = []
    for turn in range(rounds):
        if turn % 2:  # who goes first alternates
            theirs = seconds(other, other_runs)
            times.append((seconds(library, library_runs), theirs))
        else:
            ours = seconds(library, library_runs)
            times.append((ours, seconds(other, other_runs)))
    ours, theirs = (statistics.median(side) for side in zip(*times, strict=True))
    return ours, theirs, statistics.median(b / a for a, b in times)


def pretty(value):
    return f"{value * 1e6:,.0f} us" if value < 1e-3 else f"{value * 1e3:,.1f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out W3, the slow one")
    parser.add_argument("--smoke", action="store_true", help="one round of each: does it run?")
    arguments = parser.parse_args()

    peers = f"PyTorch {torch.__version__}" if torch else "PyTorch left out (not installed)"
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {peers}, one thread")
    print("times: medians; ratio: median over interleaved rounds of (other time / library time)")
    header = f"{'workload':<14} {'dtype':<8} {'what':<8} {'library':>9} {'loops':>10} {'ratio':>7}"
    print(header + (f" {'torch':>9} {'ratio':>6}" if torch else "") + "  target")
    missed = 0
    for name, build, shape, classes, dtype, rounds, runs, loop_runs, targets in WORKLOADS:
        if (arguments.quick or arguments.smoke) and name.startswith("W3"):
            continue
        if arguments.smoke:
            rounds, runs, targets = 1, 1, None
        rng = np.random.default_rng(0)
        x = rng.normal(size=shape).astype(dtype)
        y = rng.integers(0, classes, size=len(x))
        ours, loops = library_side(build(), x, y), loop_side(build(), x, y)
        peer = torch_side(build(), x, y) if torch else None
        tolerance = 1e-9 if dtype == "float64" else 1e-3
        for other in filter(None, (loops, peer)):
            np.testing.assert_allclose(ours[0](), other[0](), rtol=tolerance, atol=tolerance)
        for index, what in enumerate(("forward", "step")):
            a, b, ratio = race(ours[index], loops[index], rounds, runs, loop_runs)
            line = f"{name:<14} {dtype:<8} {what:<8} {pretty(a):>9} {pretty(b):>10} {ratio:>6.1f}x"
            if peer:
                _, b, peer_ratio = race(
                    ours[index], peer[index], max(rounds, 1 if arguments.smoke else 11), runs, runs
                )
                line += f" {pretty(b):>9} {peer_ratio:>5.2f}x"
            if targets:
                met = ratio >= targets[index]
                missed += not met
                line += f"  >= {targets[index]} {'met' if met else 'MISSED'}"
            print(line, flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
