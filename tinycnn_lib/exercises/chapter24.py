"""Checkers of Chapter 24, and the three networks of its bug hunt."""

import copy

import numpy as np

from tinycnn_lib.exercises._answers import (
    expect_answer,
    expect_function,
    expect_integer,
    expect_number,
    expect_returned,
)
from tinycnn_lib.exercises._arrays import expect_array
from tinycnn_lib.exercises._base import call, fail, praise, sample
from tinycnn_lib.exercises.chapter23_avgpool import average_gradient
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from tinycnn_lib.losses import softmax_cross_entropy
from tinycnn_lib.models import Sequential, TinyCNN
from tinycnn_lib.validation import describe


def check_momentum_steps(theta_1, theta_2, theta_3):
    """Check three steps of momentum by hand: L = theta^2, theta = 1, eta = 0.1, mu = 0.9.

    Parameters
    ----------
    theta_1, theta_2, theta_3 : float
        theta after one, two and three steps.

    Raises
    ------
    ExerciseError
        If one of them is wrong; the message says which, and what to think about.
    """
    names = ("theta_1", "theta_2", "theta_3")
    answers = zip(names, (theta_1, theta_2, theta_3), strict=True)
    given = [expect_number(name, got) for name, got in answers]
    theta, velocity = 1.0, 0.0
    for step, (name, got) in enumerate(zip(names, given, strict=True)):
        g = 2 * theta
        plain = theta - 0.1 * g
        hints = {
            theta + 0.1 * g: "the step goes against the slope, not along it",
            theta - 0.1 * theta: "the slope of theta squared at theta is not theta",
            plain: "that is a step without momentum; what has the velocity kept?",
            theta + 0.9 * velocity - 0.1 * 2.0: "the slope must be taken anew, at the new theta",
            theta + velocity - 0.1 * g: "the velocity is kept in part only: multiply it by mu",
            theta - 0.9 * velocity - 0.1 * g: "the old velocity goes on in its own direction",
        }
        velocity = 0.9 * velocity - 0.1 * g
        theta += velocity
        if abs(got - theta) > 1e-6:
            hint = next((text for value, text in hints.items() if abs(got - value) < 1e-6), None)
            if abs(got - theta) < 0.006:
                hint = "almost: keep at least three decimals"
            said = hint or (
                "velocity first, then theta" if step else "the first velocity is -eta g"
            )
            fail(f"{name} is wrong", on={"step": step + 1}, got=got, hint=said)
    praise("three steps of momentum.")


# N, C, H, W, p, s: apart, overlapping, with gaps, with rows left over.
_POOLS = (
    (1, 1, 2, 2, 2, 1),
    (1, 1, 2, 4, 2, 2),
    (1, 1, 2, 3, 2, 1),
    (1, 1, 3, 4, 2, 1),
    (1, 2, 3, 5, 3, 1),
    (2, 2, 3, 6, 2, 2),
    (1, 1, 5, 4, 2, 3),
    (1, 2, 7, 6, 3, 2),
    (2, 1, 4, 7, 1, 2),
)


def check_avgpool2d_backward(avgpool2d_backward):
    """Check the backward pass of average pooling with windows that may overlap.

    Parameters
    ----------
    avgpool2d_backward : callable (d_output, x_shape, pool_size, stride)
        From the upstream gradient (N, C, OH, OW), with OH = (H - p) // s + 1, to the gradient
        of shape x_shape = (N, C, H, W).

    Raises
    ------
    ExerciseError
        If it raises, changes its input, or returns a wrong shape or number.
    """
    parameters = ("d_output", "x_shape", "pool_size", "stride")
    expect_function("avgpool2d_backward", avgpool2d_backward, *parameters)
    for seed, (N, C, H, W, p, s) in enumerate(_POOLS):
        d_output = sample((N, C, (H - p) // s + 1, (W - p) // s + 1), seed=600 + seed) + 0.05
        expected = average_gradient(d_output, (N, C, H, W), p, s)

        def hint(got, expected, d_output=d_output, p=p, s=s):
            if p > 1 and np.allclose(got, p * p * expected):
                return "when one pixel grows by 1, how much does the mean of its window grow?"
            assigned = np.zeros(expected.shape)
            for i, j in np.ndindex(d_output.shape[2:]):
                part = d_output[:, :, i, j, None, None] / p**2
                assigned[:, :, s * i : s * i + p, s * j : s * j + p] = part
            if np.allclose(got, assigned):
                return "a pixel in two windows hears from both; neither replaces the other"
            ones = average_gradient(np.ones_like(d_output), expected.shape, p, s)
            if np.allclose(got, ones):
                return "the result is the same for every d_output"
            return None

        on = {"d_output": d_output, "x_shape": (N, C, H, W), "pool_size": p, "stride": s}
        got = call("avgpool2d_backward", avgpool2d_backward, d_output, (N, C, H, W), p, s, on=on)
        expect_array("avgpool2d_backward", got, expected, on=on, hint=hint)
    praise("windows side by side, overlapping and with gaps.")


def check_weight_decay(decayed_loss):
    """Check the cross-entropy with weight decay, and its gradients.

    Parameters
    ----------
    decayed_loss : callable (model, x, targets, weight_decay)
        Returns (loss, gradients): cross-entropy + weight_decay / 2 times the sum of all squared
        weights (not biases), and a dict of its gradients under the names of model.parameters().

    Raises
    ------
    ExerciseError
        If it raises, changes a parameter, or returns a wrong loss or gradient.
    """
    parameters = ("model", "x", "targets", "weight_decay")
    expect_function("decayed_loss", decayed_loss, *parameters)
    rng = np.random.default_rng(24)
    for weight_decay, N in ((0.0, 4), (0.5, 4), (0.02, 7)):
        model = TinyCNN(seed=3)
        for parameter in model.parameters().values():  # nonzero biases
            parameter += rng.normal(0, 0.3, size=parameter.shape)
        x, targets = rng.random((N, 1, 8, 8)), rng.integers(0, 3, size=N)
        twin = copy.deepcopy(model)  # so that `model` holds no gradients that were not asked for
        plain, _, d_logits = softmax_cross_entropy(twin.forward(x), targets)
        twin.backward(d_logits)
        before = {name: value.copy() for name, value in model.parameters().items()}
        weights = {name: value for name, value in before.items() if name.endswith("weights")}
        squares = float(sum((value**2).sum() for value in weights.values()))
        everything = float(sum((value**2).sum() for value in before.values()))
        gradients = {
            name: value + weight_decay * weights[name] if name in weights else value.copy()
            for name, value in twin.gradients().items()
        }

        on = {"weight_decay": weight_decay, "x": x}
        answer = call("decayed_loss", decayed_loss, model, x, targets, weight_decay, on=on)
        for name, value in model.parameters().items():
            if not np.array_equal(value, before[name]):
                fail(f"decayed_loss changes the model's {name}", on=on,
                     hint="it measures; the step is the optimizer's")  # fmt: skip
        expect_returned("decayed_loss", answer, on=on)
        if not isinstance(answer, tuple) or len(answer) != 2:
            fail("decayed_loss does not return a pair (loss, gradients)", on=on,
                 got=describe(answer), hint="end it with return loss, gradients")  # fmt: skip
        loss, got = expect_number("the loss", answer[0], on=on), answer[1]
        expected = plain + weight_decay / 2 * squares
        if abs(loss - expected) > 1e-9:
            hint = {
                round(plain, 8): "the penalty is missing",
                round(plain + weight_decay * squares, 8): "half of lambda, says the formula",
                round(plain + weight_decay / 2 * everything, 8): "the biases are not penalized",
                round(plain + weight_decay / 2 * squares / N, 8): "the penalty does not depend on "
                "the images, so it is not divided by their number",
            }.get(round(loss, 8))
            fail("the loss is wrong", on=on, got=loss, expected=expected, hint=hint)
        if not isinstance(got, dict) or got.keys() != gradients.keys():
            came = list(got) if isinstance(got, dict) else describe(got)
            fail("the gradients are not a dict with the names of model.parameters()", on=on,
                 got=came, expected=list(gradients))  # fmt: skip
        for name, expected in gradients.items():
            decay = expected - weight_decay * before[name] if name in weights else expected

            def hint(value, expected, decay=decay, name=name, before=before, lam=weight_decay):
                if np.allclose(value, decay) and name.endswith("weights"):
                    return "these are the gradients of the cross-entropy alone"
                if np.allclose(value, decay + lam * before[name]):
                    return "the biases are not penalized"
                if np.allclose(value, decay + lam / 2 * before[name]):
                    return "what is the slope of w squared over 2?"
                if np.allclose(value, decay + 2 * lam * before[name]):
                    return "what is the slope of w squared over 2?"
                return None

            expect_array(f"the gradient of {name}", got[name], expected, on=on, hint=hint)
    praise("loss and gradients belong together, with and without decay.")


def check_step_decay(step_decay):
    """Check a learning-rate schedule in steps.

    Parameters
    ----------
    step_decay : callable (epoch, start, factor, every)
        The rate for `epoch` = 1, 2, ...: `start` for the first `every` epochs, then multiplied
        by `factor` after each further `every` epochs.

    Raises
    ------
    ExerciseError
        If it raises or returns a wrong rate.
    """
    expect_function("step_decay", step_decay, "epoch", "start", "factor", "every")
    for start, factor, every in ((0.3, 0.5, 3), (0.1, 0.1, 5), (1.0, 0.9, 1)):
        for epoch in range(1, 4 * every + 2):
            on = {"epoch": epoch, "start": start, "factor": factor, "every": every}
            got = call("step_decay", step_decay, epoch, start, factor, every, on=on)
            expect_returned("step_decay", got, on=on)
            got = expect_number("what step_decay returns", got, on=on)
            expected = start * factor ** ((epoch - 1) // every)
            if abs(got - expected) > 1e-9 * start:
                hint = None
                if abs(got - start * factor ** (epoch // every)) < 1e-9:
                    hint = "off by one: epochs count from 1, so epoch `every` is in the first step"
                elif abs(got - start * factor ** ((epoch - 1) / every)) < 1e-9:
                    hint = "a rate in steps stays the same within a step"
                fail("step_decay is wrong", on=on, got=got, expected=expected, hint=hint)
    praise("the rate falls when it should, and not before.")


def _dense_backward(self, d_output, input_gradient=True):
    d_x = Dense.backward(self, d_output, input_gradient)
    return d_x if d_x is None else d_x / len(d_output)


def _relu_backward(self, d_output):
    ReLU.backward(self, d_output)
    return np.where(d_output > 0, d_output, 0)


def _conv_backward(self, d_output, input_gradient=True):
    d_x = Conv2D.backward(self, d_output, input_gradient)
    self.d_weights = self.d_weights.swapaxes(2, 3).copy()
    return d_x


_BUGS = {"A": (Dense, _dense_backward), "B": (ReLU, _relu_backward), "C": (Conv2D, _conv_backward)}


def bug_hunt_networks():
    """Return three networks with TinyCNN's layers, by name; one layer of each is broken.

    Each predicts as it should; only `backward` of one layer is wrong.

    Returns
    -------
    dict of str to Sequential
        "A", "B" and "C".
    """
    networks = {}
    for name, (broken, backward) in _BUGS.items():
        # A subclass under the same names: neither its type nor its repr gives it away.
        kinds = {kind: kind for kind in (Conv2D, ReLU, MaxPool2D, Flatten, Dense)}
        disguise = {"backward": backward, "__module__": broken.__module__}
        kinds[broken] = type(broken.__name__, (broken,), disguise)
        layers = (
            kinds[Conv2D](1, 3, 3, seed=42), kinds[ReLU](), kinds[MaxPool2D](2),
            kinds[Flatten](), kinds[Dense](27, 3, seed=43),
        )  # fmt: skip
        layers[0].bias[:] = 0.05, 0.1, 0.15
        networks[name] = Sequential(*layers)
    return networks


def check_bug_hunt(a, b, c):
    """Check which layer of each network of `bug_hunt_networks()` is broken.

    Parameters
    ----------
    a, b, c : str
        "Conv2D", "ReLU", "MaxPool2D", "Flatten" or "Dense", for the networks A, B and C.

    Raises
    ------
    ExerciseError
        If a name is no layer, or its layer is sound.
    """
    known = ("Conv2D", "ReLU", "MaxPool2D", "Flatten", "Dense")
    evidence = {
        "A": "which gradients are wrong, and is the ratio to the right ones the same everywhere?",
        "B": "the dense layer's gradients are right, so look at what happens behind it",
        "C": "is the convolution's bias gradient right? What does that say about what reached it?",
    }
    for (name, (broken, _)), got in zip(_BUGS.items(), (a, b, c), strict=True):
        expect_answer(name.lower(), got)
        if not isinstance(got, str) or got not in known:
            fail(f"{name.lower()} is not a layer's name", got=describe(got),
                 expected=" or ".join(map(repr, known)),
                 hint="write the name in quotes, spelled like this")  # fmt: skip
        if got != broken.__name__:
            fail(f"in network {name}, {got} is sound", hint=evidence[name])
    praise("all three found.")


def check_steps_per_epoch(steps):
    """Check how many steps an epoch of 180 images has, for five batch sizes.

    Parameters
    ----------
    steps : dict of int to int
        From the batch sizes 1, 7, 32, 180 and 500 to the number of steps.

    Raises
    ------
    ExerciseError
        If one is wrong; the message says which.
    """
    expect_answer("steps", steps)
    sizes = (1, 7, 32, 180, 500)
    if not isinstance(steps, dict) or set(steps) != set(sizes):
        fail("steps is not a dict with the five batch sizes", got=describe(steps),
             expected=f"the keys {sizes}",
             hint="write {1: ..., 7: ..., and so on}, your number behind each colon")  # fmt: skip
    for size in sizes:
        got, full = expect_integer(f"steps[{size}]", steps[size]), 180 // size
        if got != -(-180 // size):
            hint = "what happens to the images that do not fill a batch?" if got == full else None
            hint = hint or "how many batches does it take until every image was seen once?"
            fail(f"steps[{size}] is wrong", on={"images": 180, "batch_size": size}, got=got,
                 hint=hint)  # fmt: skip
    praise("the steps of an epoch, the incomplete last batch included.")
