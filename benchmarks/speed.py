"""How fast is `tinycnn_lib`? Forward and training step beside other ways to write the same network.

All sides run in one process, on one thread, in turns, so that a busy machine slows all alike. A
ratio is the other side's time over the library's, of one round; printed is the median over the
rounds, and the quartiles. A training step is forward, loss, backward without the first layer's
input gradient, and an update by SGD. Before the clock runs, all sides must agree.

Usage: python benchmarks/speed.py [--peers] [--write FILE] [--only W1] [--rounds 15]
"""

# ruff: noqa: E402
import os

# One thread, and this before NumPy is loaded: otherwise the thread pool decides the result.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import argparse
import datetime
import importlib.metadata
import platform
import time
from pathlib import Path

import numpy as np
from baselines import IM2COL, TEXTBOOK, PlainNetwork, plain_softmax_cross_entropy
from peers import jax_side, torch_side

from tinycnn_lib import (
    SGD,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    TinyCNN,
    softmax_cross_entropy,
)

RATE = 1e-3  # small: the weights hardly move while the clock runs
TURN = 0.02  # seconds that one side runs before the next has its turn; at least one run


def one_convolution():
    """W2: one convolution and one dense layer, TinyCNN with more of everything."""
    return Sequential(Conv2D(1, 16, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(144, 10))


def two_convolutions():
    """W3: two convolutions on 28 x 28 images."""
    return Sequential(
        *(Conv2D(1, 16, 3), ReLU(), MaxPool2D(2)),  # (N, 1, 28, 28) -> (N, 16, 13, 13)
        *(Conv2D(16, 32, 3), ReLU(), MaxPool2D(2)),  # -> (N, 32, 5, 5)
        *(Flatten(), Dense(800, 10)),  # -> (N, 10)
    )


# name: model, images, classes, dtype
WORKLOADS = {
    "W1, 1 image": (TinyCNN, (1, 1, 8, 8), 3, "float64"),
    "W1, batch 32": (TinyCNN, (32, 1, 8, 8), 3, "float64"),
    "W1, batch 180": (TinyCNN, (180, 1, 8, 8), 3, "float64"),
    "W2, batch 64": (one_convolution, (64, 1, 8, 8), 10, "float64"),
    "W3, batch 256": (two_convolutions, (256, 1, 28, 28), 10, "float64"),
    "W3, float32": (two_convolutions, (256, 1, 28, 28), 10, "float32"),
}


def library_side(model, x, y, rate):
    """Return the functions to be timed: forward and training step of the library."""
    optimizer = SGD(rate)

    def step():
        loss, _, d_logits = softmax_cross_entropy(model.forward(x), y)
        model.backward(d_logits, input_gradient=False)
        optimizer.step(model.parameters(), model.gradients())
        return loss

    return lambda: model.forward(x), step


def plain_side(kinds):
    """Return the function that makes the same two of the layers in `kinds`."""

    def side(model, x, y, rate):
        twin = PlainNetwork(kinds, model)

        def step():
            loss, _, d_logits = plain_softmax_cross_entropy(twin.forward(x), y)
            twin.backward(d_logits)
            twin.update(rate)
            return loss

        return lambda: twin.forward(x), step

    return side


SIDES = {"textbook loops": plain_side(TEXTBOOK), "plain im2col": plain_side(IM2COL)}
PEERS = {"PyTorch": torch_side, "JAX": jax_side}


def seconds(function, runs):
    """Return the time of one run, the mean over `runs`."""
    start = time.perf_counter()
    for _ in range(runs):
        function()
    return (time.perf_counter() - start) / runs


def race(functions, rounds):
    """Return times of shape (rounds, sides); who goes first changes from round to round."""
    runs = []
    for function in functions:
        function()  # warm-up: caches, compilers
        runs.append(max(1, round(TURN / seconds(function, 1))))
    times = np.empty((rounds, len(functions)))
    for turn in range(rounds):
        for side in np.roll(np.arange(len(functions)), turn):
            times[turn, side] = seconds(functions[side], runs[side])
    return times


def measure(name, sides, rounds):
    """Yield the table's two rows for one workload: what, the library's time, the ratios."""
    build, shape, classes, dtype = WORKLOADS[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape).astype(dtype)
    y = rng.integers(0, classes, size=len(x))
    pairs = [side(build(), x, y, RATE) for side in (library_side, *sides.values())]
    tolerance = 1e-9 if dtype == "float64" else 1e-3
    for forward, step in pairs[1:]:
        np.testing.assert_allclose(forward(), pairs[0][0](), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(step(), build_loss(build(), x, y), rtol=tolerance)
    for index, what in enumerate(("forward", "step")):
        times = race([pair[index] for pair in pairs], rounds)
        ratios = np.percentile(times[:, 1:] / times[:, :1], [50, 25, 75], axis=0).T
        yield [name, what, pretty(np.median(times[:, 0]))] + [
            f"{median:.2f} ({low:.2f} to {high:.2f})" for median, low, high in ratios
        ]


def build_loss(model, x, y):
    """Return the loss before the first step."""
    return softmax_cross_entropy(model.forward(x), y)[0]


def pretty(value):
    """Return seconds as text, in the unit that suits them."""
    return f"{value * 1e6:,.0f} µs" if value < 1e-3 else f"{value * 1e3:,.1f} ms"


def processor():
    """Return the name of the processor, as the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        names = [line.split(":", 1)[1] for line in text.splitlines() if line.startswith("model n")]
        return " ".join(names[0].split())  # "model name", some virtual machines say only a number
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def versions(peers):
    """Return what ran where and when, one line."""
    packages = ["numpy", *(name for name in ("torch", "jax") if peers)]
    parts = [f"Python {platform.python_version()}"]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return f"{datetime.date.today()}, {processor()}, one thread, {', '.join(parts)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", action="store_true", help="PyTorch and JAX, too")
    parser.add_argument("--only", default="", help="workloads whose name begins so, such as W1")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", type=Path, help="also write the table to this Markdown file")
    arguments = parser.parse_args()
    sides = SIDES | (PEERS if arguments.peers else {})
    header = ["Workload", "What", "tinycnn_lib", *sides]
    lines = [versions(arguments.peers), ""]
    lines += [
        "Time of the other side over the time of tinycnn_lib: above 1, tinycnn_lib is faster. "
        f"Median and quartiles of {arguments.rounds} rounds.",
        "",
    ]
    lines += ["| " + " | ".join(header) + " |", "|---" * 2 + "|---:" * (len(header) - 2) + "|"]
    print("\n".join(lines))
    for name in WORKLOADS:
        if name.startswith(arguments.only):
            for row in measure(name, sides, arguments.rounds):
                lines.append("| " + " | ".join(row) + " |")
                print(lines[-1], flush=True)
    if arguments.write:
        arguments.write.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
