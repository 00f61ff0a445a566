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
from tinycnn_lib.exercises._base import ExerciseError, call, fail, praise, sample
from tinycnn_lib.exercises._piece import Piece
from tinycnn_lib.exercises.chapter23_avgpool import average_gradient
from tinycnn_lib.losses import softmax_cross_entropy
from tinycnn_lib.models import TinyCNN
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
    given = [
        expect_number(name, got)
        for name, got in zip(names, (theta_1, theta_2, theta_3), strict=True)
    ]
    right = momentum_path()
    reason = next(
        (
            said
            for said, wrong in _MOMENTUM_MISTAKES.items()
            if np.allclose(given, wrong, atol=1e-6)
        ),
        None,
    )
    theta, velocity = 1.0, 0.0
    for step, (name, got) in enumerate(zip(names, given, strict=True), start=1):
        if abs(got - right[step - 1]) > 1e-6:
            hint = reason or _momentum_slip(got, theta, velocity, step)
            if not hint and abs(got - right[step - 1]) < 0.006:
                hint = "almost: write all its decimals, there are at most three"
            fail(f"{name} is wrong", on={"step": step}, got=got, hint=hint)
        velocity = 0.9 * velocity - 0.1 * 2 * theta
        theta += velocity
    praise("three steps of momentum.")


def momentum_path(theta=1.0, order="velocity first", nesterov=False, mu=0.9):
    """Return theta after one, two and three steps; all but the defaults are mistakes."""
    path, velocity = [], 0.0
    for _ in range(3):
        new = mu * velocity - 0.1 * 2 * (theta + mu * velocity if nesterov else theta)
        theta += new if order == "velocity first" else velocity
        velocity = new
        path.append(theta)
    return path


# The three numbers of whoever makes one mistake in all steps.
_MOMENTUM_MISTAKES = {
    "theta moves with the new velocity; yours moves with the one from the step before": (
        momentum_path(order="theta first")
    ),
    "that is plain gradient descent; what has the velocity kept?": momentum_path(mu=0),
    "the velocity is kept in part only: multiply it by mu": momentum_path(mu=1),
    "you took the slope ahead, at theta + mu nu (Nesterov); here it is taken at theta": (
        momentum_path(nesterov=True)
    ),
}


def _momentum_slip(got, theta, velocity, step):
    """Return the sentence of a mistake in this one step, or None."""
    g = 2 * theta
    slips = {
        theta + 0.1 * g: "the step goes against the slope, not along it",
        theta - 0.1 * theta: "the slope of theta squared at theta is not theta",
    }
    if step > 1:
        slips |= {
            theta + velocity: "that is the old velocity; make it new first, with the new slope",
            theta - 0.1 * g: "that is a step without momentum; what has the velocity kept?",
            theta + 0.9 * velocity - 0.2: "the slope must be taken anew, at the new theta",
            theta + velocity - 0.1 * g: "the velocity is kept in part only: multiply it by mu",
            theta - 0.9 * velocity - 0.1 * g: "the old velocity goes on in its own direction",
        }
    return next((said for value, said in slips.items() if abs(got - value) < 1e-6), None)


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
    (1, 3, 6, 9, 4, 3),
)


def _pool_cases():
    for seed, (N, C, H, W, p, s) in enumerate(_POOLS):
        d_output = sample((N, C, (H - p) // s + 1, (W - p) // s + 1), seed=600 + seed) + 0.05
        yield {"d_output": d_output, "x_shape": (N, C, H, W), "pool_size": p, "stride": s}


def _pool_backward(d_output, x_shape, pool_size, stride):
    return average_gradient(d_output, x_shape, pool_size, stride)


def _assigned(d_output, x_shape, pool_size, stride):
    """Let each window replace what lies there, where it should be added."""
    d_x, p = np.zeros(x_shape), pool_size
    for i, j in np.ndindex(d_output.shape[2:]):
        part = d_output[:, :, i, j, None, None] / p**2
        d_x[:, :, stride * i : stride * i + p, stride * j : stride * j + p] = part
    return d_x


def _side_by_side(d_output, x_shape, pool_size, stride):
    """Take the windows for windows that touch."""
    OH, OW = (min(d_output.shape[axis], x_shape[axis] // pool_size) for axis in (2, 3))
    return average_gradient(d_output[:, :, :OH, :OW], x_shape, pool_size, pool_size)


AVGPOOL2D_BACKWARD = Piece(
    name="avgpool2d_backward",
    right=_pool_backward,
    cases=_pool_cases,
    praise="windows side by side, overlapping and with gaps.",
    mistakes={
        "when one pixel grows by 1, how much does the mean of its window grow?": (
            lambda d_output, x_shape, pool_size, stride: (
                pool_size**2 * _pool_backward(d_output, x_shape, pool_size, stride)
            )
        ),
        "a window has pool_size * pool_size pixels, and you divide by pool_size": (
            lambda d_output, x_shape, pool_size, stride: (
                pool_size * _pool_backward(d_output, x_shape, pool_size, stride)
            )
        ),
        "a pixel in two windows gets a part from both; neither replaces the other": _assigned,
        "the windows are laid side by side; they start stride pixels apart": _side_by_side,
        "the result is the same for every d_output": (
            lambda d_output, x_shape, pool_size, stride: _pool_backward(
                np.ones_like(d_output), x_shape, pool_size, stride
            )
        ),
    },
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
    AVGPOOL2D_BACKWARD.check(avgpool2d_backward)


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
        try:
            answer = call("decayed_loss", decayed_loss, model, x, targets, weight_decay, on=on)
        except ExerciseError as error:
            if "NoneType" not in str(error.__cause__):
                raise
            hint = "a gradient is None until model.backward has run; does it run before you add?"
            fail("decayed_loss computes with a gradient that is None", on=on, hint=hint)
        for name, value in model.parameters().items():
            if not np.array_equal(value, before[name]):
                fail(f"decayed_loss changes the model's {name}", on=on,
                     hint="it measures; the step is the optimizer's")  # fmt: skip
        expect_returned("decayed_loss", answer, on=on)
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            fail("decayed_loss does not return a pair (loss, gradients)", on=on,
                 got=describe(answer), hint="end it with return loss, gradients")  # fmt: skip
        loss, got = expect_number("the loss", answer[0], on=on), answer[1]
        expected = plain + weight_decay / 2 * squares
        if abs(loss - expected) > 1e-9:
            one_norm = float(sum(np.abs(value).sum() for value in weights.values()))
            of_sums = float(sum(value.sum() ** 2 for value in weights.values()))
            hint = {
                round(plain, 8): "the penalty is missing",
                round(plain + weight_decay * squares, 8): "half of lambda, says the formula",
                round(plain - weight_decay / 2 * squares, 8): "the penalty is added, so that "
                "large weights cost something",
                round(plain + weight_decay / 2 * everything, 8): "the biases are not penalized",
                round(plain + weight_decay / 2 * squares / N, 8): "the penalty does not depend on "
                "the images, so it is not divided by their number",
                round(plain + weight_decay / 2 * of_sums, 8): "square each weight, then sum; not "
                "the other way round",
                round(plain + weight_decay / 2 * one_norm, 8): "the weights are squared here, not "
                "taken without their sign",
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

            if got[name] is None:
                fail(f"the gradient of {name} is None", on=on, hint="run model.backward first")
            # Finite differences are rounded more; they are right all the same.
            expect_array(
                f"the gradient of {name}", got[name], expected, on=on, tolerance=1e-6, hint=hint
            )
    praise("loss and gradients belong together, with and without decay.")


def _step_decay(epoch, start, factor, every):
    return start * factor ** ((epoch - 1) // every)


def _decay_cases():
    for start, factor, every in ((0.3, 0.5, 3), (0.1, 0.1, 5), (1.0, 0.9, 1), (0.7, 0.3, 11)):
        for epoch in range(1, 4 * every + 2):
            yield {"epoch": epoch, "start": start, "factor": factor, "every": every}


STEP_DECAY = Piece(
    name="step_decay",
    right=_step_decay,
    cases=_decay_cases,
    praise="the rate falls when it should, and not before.",
    mistakes={
        "off by one: epochs count from 1, so epoch `every` is in the first step": (
            lambda epoch, start, factor, every: start * factor ** (epoch // every)
        ),
        "a rate in steps stays the same within a step": (
            lambda epoch, start, factor, every: start * factor ** ((epoch - 1) / every)
        ),
        "the rate falls in every epoch; `every` has no effect": (
            lambda epoch, start, factor, every: start * factor ** (epoch - 1)
        ),
        "the rate falls once and never again": (
            lambda epoch, start, factor, every: start * (factor if epoch > every else 1)
        ),
        "that is the place within a step; // counts the steps that are over": (
            lambda epoch, start, factor, every: start * factor ** ((epoch - 1) % every)
        ),
        "epoch % every is a place within a step; (epoch - 1) // every counts steps that are over": (
            lambda epoch, start, factor, every: start * factor ** (epoch % every)
        ),
        "// comes before -: put epoch - 1 in parentheses": (
            lambda epoch, start, factor, every: start * factor ** (epoch - 1 // every)
        ),
        "the rate rises: it is multiplied by the factor, not divided": (
            lambda epoch, start, factor, every: start / factor ** ((epoch - 1) // every)
        ),
        "each step subtracts; a factor multiplies": (
            lambda epoch, start, factor, every: start - factor * ((epoch - 1) // every)
        ),
    },
)


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
    STEP_DECAY.check(step_decay)


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
    remarks = []
    rounding = "a batch that is not full is a batch, too: round up"
    for size in sizes:
        name, full = f"steps[{size}]", 180 // size
        got = expect_integer(name, steps[size], rounding=rounding, remarks=remarks)
        if got != -(-180 // size):
            hint = "what happens to the images that do not fill a batch?" if got == full else None
            if got == full + 1:
                hint = "no image is left over here, so no batch comes on top"
            hint = hint or "how many batches does it take until every image was seen once?"
            fail(f"steps[{size}] is wrong", on={"images": 180, "batch_size": size}, got=got,
                 hint=hint)  # fmt: skip
    praise("the steps of an epoch, the incomplete last batch included.", remarks)


SCATTER_LAW = Piece(
    name="law",
    right=lambda B, N: np.sqrt((N - B) / (B * (N - 1))),
    cases=lambda: (
        {"B": B, "N": N} for B, N in ((1, 180), (4, 180), (90, 180), (180, 180), (2, 3))
    ),
    praise="the scatter of a batch, from one image to all of them.",
    mistakes={
        "right while B is small beside N; a batch of all N images has no scatter at all": (
            lambda B, N: 1 / np.sqrt(B)
        ),
        "four times the images do not bring a quarter of the scatter, but half": lambda B, N: 1 / B,
        "that is the square of the scatter, the variance": lambda B, N: (N - B) / (B * (N - 1)),
        "law(1, N) is 1: the last factor of the denominator is N - 1, not N": (
            lambda B, N: np.sqrt((N - B) / (B * N))
        ),
    },
)


def check_scatter_law(law):
    """Check how the gradient of a mini-batch scatters around that of all images.

    Parameters
    ----------
    law : callable (B, N)
        The scatter of the mean over B of N images, drawn without replacement, in units of the
        scatter of a single image.

    Raises
    ------
    ExerciseError
        If it raises or returns a wrong number.
    """
    SCATTER_LAW.check(law)
