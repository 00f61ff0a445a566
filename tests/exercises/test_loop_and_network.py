"""Checkers that watch what an answer does: the training loop, the network, one number by hand."""

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib import Conv2D, Dense, Flatten, MaxPool2D, ReLU, exercises, softmax_cross_entropy


def loop(order=None, labels=None, last=None, step="inside", scale=1.0, twice=False):
    """Return a training loop, right or with one thing wrong."""

    def one_epoch(model, x, y, optimizer, batch_size, rng):
        places = order(len(x), rng) if order else rng.permutation(len(x))
        stop = len(x) - len(x) % batch_size if last == "forgotten" else len(x)
        for start in range(0, stop, batch_size):
            batch = places[start : start + batch_size]
            if twice:
                model.forward(x[batch])
            right = y[start : start + batch_size] if labels == "unshuffled" else y[batch]
            _, _, d_logits = softmax_cross_entropy(model.forward(x[batch]), right)
            model.backward(d_logits * (len(batch) if scale == "N" else scale))
            if step == "inside":
                optimizer.step(model.parameters(), model.gradients())
        if step == "after":
            optimizer.step(model.parameters(), model.gradients())

    return one_epoch


def shuffled(n, rng):
    places = np.arange(n)
    rng.shuffle(places)
    return places


@pytest.mark.parametrize("order", [None, shuffled, lambda n, rng: rng.random(n).argsort()])
def test_any_way_to_shuffle_is_right(order, capsys):
    exercises.check_one_epoch(loop(order))
    assert capsys.readouterr().out.startswith("Right: every image once")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"order": lambda n, rng: np.arange(n)}, "the order does not depend on rng"),
        ({"order": lambda n, rng: np.random.default_rng().permutation(n)}, "with one seed differ"),
        ({"order": lambda n, rng: rng.integers(0, n, n)}, "draw an order, a permutation"),
        ({"labels": "unshuffled"}, "the label goes with its image"),
        ({"last": "forgotten"}, "the last mini-batch may be smaller"),
        ({"step": "after"}, "the step stands inside of the loop"),
        ({"step": "never"}, "each mini-batch: forward, the loss, backward, one step"),
        ({"scale": "N"}, "the gradient of the mean loss is divided by the size of the batch"),
        ({"twice": True}, "some images are visited more than once"),
    ],
)
def test_what_is_wrong_with_a_loop_is_said(wrong, words):
    assert words in refusal(exercises.check_one_epoch, loop(**wrong))


def test_a_loop_that_does_nothing_is_told_so():
    said = refusal(exercises.check_one_epoch, lambda model, x, y, optimizer, batch_size, rng: None)
    assert "one_epoch never calls model.forward" in said


class Net:
    def __init__(self):
        self.conv, self.relu, self.pool = Conv2D(1, 3, 3), ReLU(), MaxPool2D(2)
        self.flatten, self.dense = Flatten(), Dense(27, 3, seed=1)

    def features(self, x):
        return self.flatten.forward(self.pool.forward(self.relu.forward(self.conv.forward(x))))

    def forward(self, x):
        return self.dense.forward(self.features(x))

    def predict(self, x):
        return self.forward(x).argmax(axis=1)


def changed(**methods):
    return type("Net", (Net,), methods)


def test_a_network_of_library_layers_is_right_and_counted(capsys):
    exercises.check_my_cnn(Net)
    assert "0 of its 5 layers your own" in capsys.readouterr().out


def without_relu(self, x):
    return self.dense.forward(self.flatten.forward(self.pool.forward(self.conv.forward(x))))


def with_softmax(self, x):
    return softmax_cross_entropy(Net.forward(self, x), np.zeros(len(x), dtype=int))[1]


def too_wide(self):
    Net.__init__(self)
    self.dense = Dense(108, 3)


def without_pool(self):
    Net.__init__(self)
    del self.pool


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"forward": without_relu}, "ReLU is missing between"),
        ({"forward": with_softmax}, "the network ends with the logits"),
        (
            {"forward": lambda self, x: np.maximum(Net.forward(self, x), 0)},
            "a ReLU after",
        ),
        ({"predict": lambda self, x: Net.forward(self, x).max(axis=1)}, "argmax over axis 1"),
        ({"__init__": too_wide}, "how many numbers are left after pooling"),
        ({"__init__": without_pool}, "MyCNN() has no self.pool"),
        ({"forward": lambda self, x: Net.forward(self, -x)}, "in which order"),
    ],
)
def test_what_is_wrong_with_a_network_is_said(wrong, words):
    assert words in refusal(exercises.check_my_cnn, changed(**wrong))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((0.4311, 22, 0.0470), "row 2, column 3"),
        ((0.0, 22, 0.0470), "so ReLU leaves them"),
        ((1.5, 22, 0.0470), "which four places"),
        ((0.5552, 4, 0.0470), "two whole maps lie in front"),
        ((0.5552, 14, 0.0470), "the channel comes first"),
        ((0.5552, 23, 0.0470), "places count from 0"),
        ((0.5552, 86, 0.0470), "3 by 3 after pooling"),
        ((0.5552, 22, 0.5552), "multiply the winner by"),
    ],
)
def test_a_slip_of_the_pencil_is_named(answer, words):
    assert words in refusal(exercises.check_one_number, *answer)


def test_the_number_by_hand_is_accepted_to_four_decimals(capsys):
    exercises.check_one_number(0.5552, 22, 0.0470)
    assert "followed from the picture" in capsys.readouterr().out


EPOCH = """
def one_epoch(model, x, y, optimizer, batch_size, rng):
    order, total = rng.permutation(len(x)), {"w": 0}
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        _, p, d_logits = softmax_cross_entropy(model.forward(x[batch]), y[batch])
        model.backward(d_logits)
        optimizer.step(model.parameters(), model.gradients())
"""
STEP = "optimizer.step(model.parameters(), model.gradients())"
SLIPS = {
    (STEP, "optimizer.step(model.gradients(), model.parameters())"): "get the model's parameters",
    ("        model.backward(d_logits)\n        " + STEP,
     "        g = model.gradients()\n        model.backward(d_logits)\n"
     "        optimizer.step(model.parameters(), g)"): "ask for model.gradients() after backward",
    (STEP, 'total["w"] = total["w"] + model.gradients()["w"]\n'
           "        optimizer.step(model.parameters(), total)"): "nothing adds up",
    ("    for start", "    x[:] = x[order]\n    y[:] = y[order]\n    for start"): "changes x or y",
    ("order, total = rng.permutation(len(x)), ",
     "order = np.arange(len(x)).reshape(-1, 1)\n    if len(x) == 20:\n"
     "        order = rng.permutation(order.reshape(5, 4))\n"
     "    else:\n        order = rng.permutation(order)\n"
     "    order, total = order.ravel(), "): "the same images always share a mini-batch",
    (STEP, STEP + "\n        return p"): "only the first mini-batch ran",
    ("backward(d_logits)", "backward(p)"): "the third result of softmax_cross_entropy",
}  # fmt: skip


@pytest.mark.parametrize(("slip", "words"), SLIPS.items())
def test_a_slip_in_the_loop_is_found(slip, words):
    names = {"np": np, "softmax_cross_entropy": softmax_cross_entropy}
    exec(EPOCH, names)
    exercises.check_one_epoch(names["one_epoch"])
    assert slip[0] in EPOCH
    exec(EPOCH.replace(*slip), names)
    assert words in refusal(exercises.check_one_epoch, names["one_epoch"])
