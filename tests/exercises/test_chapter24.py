"""The checkers of Chapter 24: right answers pass, each wrong one fails for its own reason."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib import (
    Conv2D,
    TinyCNN,
    gradient_check,
    numerical_gradient,
    softmax_cross_entropy,
)
from tinycnn_lib.exercises import (
    bug_hunt_networks,
    check_avgpool2d_backward,
    check_bug_hunt,
    check_momentum_steps,
    check_scatter_law,
    check_step_decay,
    check_steps_per_epoch,
    check_weight_decay,
)


def accepted(capsys, check, *answer):
    check(*answer)
    out = capsys.readouterr().out
    assert out.startswith("Right: ")
    assert out.count("\n") == 1


# --- momentum by hand --------------------------------------------------------------------------
def test_momentum_is_accepted(capsys):
    accepted(capsys, check_momentum_steps, 0.8, 0.46, 0.062)
    accepted(capsys, check_momentum_steps, np.float64(0.8), 0.8 - 0.34, 0.46 - 0.398)
    accepted(capsys, check_momentum_steps, Fraction(4, 5), Decimal("0.46"), Fraction(31, 500))


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((None, 0.46, 0.062), "theta_1 is None"),
        (("0.8", 0.46, 0.062), "theta_1 is not a number"),
        ((0.8, 0.46, True), "theta_3 is not a number"),
        ((float("nan"), 0.46, 0.062), "theta_1 is not finite"),
        ((0.8, float("inf"), 0.062), "theta_2 is not finite"),
        ((1.2, 0.46, 0.062), "theta_1 is wrong.*against the slope"),
        ((0.9, 0.46, 0.062), "theta_1 is wrong.*the slope of theta squared"),
        ((0.98, 0.46, 0.062), "theta_1 is wrong.*got: 0.98\n"),  # nobody knows how
        ((0.8, 0.64, 0.512), "theta_2 is wrong.*that is plain gradient descent"),
        ((0.8, 0.64, 0.0), "theta_2 is wrong.*step without momentum"),
        ((1.0, 0.8, 0.42), "theta_1 is wrong.*from the step before"),
        ((0.8, 0.6, 0.3), "theta_2 is wrong.*make it new first"),
        ((0.8, 0.496, 0.17792), "theta_2 is wrong.*Nesterov"),
        ((0.8, 0.44, -0.008), "theta_2 is wrong.*multiply it by mu"),
        ((0.8, 0.42, 0.0), "theta_2 is wrong.*taken anew"),
        ((0.8, 0.44, 0.0), "theta_2 is wrong.*multiply it by mu"),
        ((0.8, 0.82, 0.0), "theta_2 is wrong.*own direction"),
        ((0.8, 0.46, 0.368), "theta_3 is wrong.*without momentum"),
        ((0.8, 0.46, 0.1), "theta_3 is wrong.*got: 0.1\n"),
        ((0.8, 0.46, 0.06), "theta_3 is wrong.*almost: write all its decimals"),
        ((0.8, 0.46, 0.0619), "theta_3 is wrong.*there are at most three"),
    ],
)
def test_wrong_momentum(steps, reason):
    assert re.search(reason, refusal(check_momentum_steps, *steps), re.DOTALL)


# --- overlapping average pooling ---------------------------------------------------------------
def scatter(d_output, x_shape, p, s):
    d_x = np.zeros(x_shape)
    for i in range(d_output.shape[2]):
        for j in range(d_output.shape[3]):
            d_x[:, :, s * i : s * i + p, s * j : s * j + p] += d_output[:, :, i : i + 1, j : j + 1]
    return d_x / p**2


def gather(d_output, x_shape, p, s):
    """Walk over the pixels instead of the outputs."""
    d_x = np.zeros(x_shape)
    for r, t in np.ndindex(x_shape[2:]):
        for i, j in np.ndindex(d_output.shape[2:]):
            if 0 <= r - s * i < p and 0 <= t - s * j < p:
                d_x[:, :, r, t] += d_output[:, :, i, j] / p**2
    return d_x


def shifted_slices(d_output, x_shape, pool_size, stride):
    d_x = np.zeros(x_shape)
    OH, OW = d_output.shape[2:]
    for u, v in np.ndindex(pool_size, pool_size):
        rows = slice(u, u + stride * (OH - 1) + 1, stride)
        columns = slice(v, v + stride * (OW - 1) + 1, stride)
        d_x[:, :, rows, columns] += d_output / pool_size**2
    return d_x


@pytest.mark.parametrize("answer", [scatter, gather, shifted_slices])
def test_avgpool_is_accepted(capsys, answer):
    accepted(capsys, check_avgpool2d_backward, answer)


def keeps_adding(buffers):
    """Return an answer whose zeros are made once for each shape and never cleared."""

    def avgpool2d_backward(d, shape, p, s):
        d_x = buffers.setdefault((shape, p, s), np.zeros(shape))
        d_x += scatter(d, shape, p, s)
        return d_x.copy()

    return avgpool2d_backward


def square_only(d, shape, p, s):
    d_x = np.zeros(shape)
    for i, j in np.ndindex(d.shape[2], d.shape[2]):
        if j < d.shape[3]:
            d_x[:, :, s * i : s * i + p, s * j : s * j + p] += d[:, :, i, j, None, None] / p**2
    return d_x


def in_place(d, shape, p, s):
    d /= p**2
    return scatter(d, shape, p, s) * p**2


def one_channel(d, shape, p, s):
    d_x = np.zeros(shape)
    d_x[:, :1] = scatter(d[:, :1], (shape[0], 1, *shape[2:]), p, s)
    return d_x


def first_image(d, shape, p, s):
    return np.broadcast_to(scatter(d[:1], (1, *shape[1:]), p, s), shape).copy()


WRONG_POOLS = {
    "not written": (lambda *_: None, "returns None"),
    "no class": (None, "is None"),
    "keeps adding": (keeps_adding({}), "in a second call"),
    "only small windows": (
        lambda d, n, p, s: scatter(d, n, p, s) * (1 if p < 4 else 2),
        "wrong numbers",
    ),
    "side and stride exchanged": (lambda d, n, p, s: scatter(d, n, s, p), "wrong numbers"),
    "mean of d_output": (lambda d, *a: scatter(np.full_like(d, d.mean()), *a), "wrong numbers"),
    "no overlap": (lambda d, n, p, s: scatter(d, n, p, p), "avgpool2d_backward"),
    "transposed": (lambda *a: scatter(*a).swapaxes(2, 3), "last two axes are swapped"),
    "upside down": (lambda *a: scatter(*a)[:, :, ::-1], "wrong numbers"),
    "square only": (square_only, "wrong numbers"),
    "one channel": (one_channel, "a later one is not"),
    "first image": (first_image, "a later one is not"),
    "in place": (in_place, "changes its input in place"),
    "max": (lambda d, n, p, s: scatter(d, n, 1, s), "wrong numbers"),
    "raises": (lambda d, n, p, s: d[7], "raised IndexError"),
    "too large": (lambda d, n, p, s: np.zeros((*n[:2], n[2] + 1, n[3])), "wrong shape"),
}


@pytest.mark.parametrize("case", WRONG_POOLS)
def test_wrong_avgpool(case):
    answer, reason = WRONG_POOLS[case]
    assert reason in refusal(check_avgpool2d_backward, answer)


# --- weight decay ------------------------------------------------------------------------------
def decay(penalty=0.5, slope=1.0, biases=False, per_image=False):
    """Return a decayed_loss, right by default."""

    def decayed_loss(model, x, targets, weight_decay):
        loss, _, d_logits = softmax_cross_entropy(model.forward(x), targets)
        model.backward(d_logits)
        gradients = dict(model.gradients())
        for name, value in model.parameters().items():
            if biases or name.endswith("weights"):
                term = penalty * weight_decay * (value**2).sum()
                loss += term / len(x) if per_image else term
                gradients[name] = gradients[name] + slope * weight_decay * value
        return loss, gradients

    return decayed_loss


def by_layer(model, x, targets, weight_decay):
    """Differently written: layer by layer, the model's own arrays changed in place."""
    loss, _, d_logits = softmax_cross_entropy(model.forward(x), targets)
    model.backward(d_logits, input_gradient=False)
    for layer in (model.conv, model.dense):
        loss = loss + weight_decay * np.vdot(layer.weights, layer.weights) / 2
        layer.d_weights += weight_decay * layer.weights
    return loss, model.gradients()


@pytest.mark.parametrize("answer", ["decay", "by_layer", "by_differences"])
def test_decay_is_accepted(capsys, answer):
    answers = {"decay": decay(), "by_layer": by_layer, "by_differences": by_differences}
    accepted(capsys, check_weight_decay, answers[answer])


def steps_too(model, x, targets, weight_decay):
    answer = decay()(model, x, targets, weight_decay)
    for value in model.parameters().values():
        value *= 1 - weight_decay
    return answer


def renamed(*arguments):
    loss, gradients = decay()(*arguments)
    return loss, {name.split(".")[0]: value for name, value in gradients.items()}


def constant_signs(model, x, targets, weight_decay):
    loss, _ = decay()(model, x, targets, weight_decay)
    plain = decay(slope=0)(model, x, targets, weight_decay)[1]
    return loss, {
        name: plain[name] + weight_decay * np.sign(value) * name.endswith("weights")
        for name, value in model.parameters().items()
    }


def without_backward(model, x, targets, weight_decay):
    """Trust in whatever gradients the model still holds."""
    loss, _, _ = softmax_cross_entropy(model.forward(x), targets)
    gradients = model.gradients()
    for name, value in model.parameters().items():
        if name.endswith("weights"):
            loss += weight_decay / 2 * (value**2).sum()
            gradients[name] = gradients[name] + weight_decay * value
    return loss, gradients


def none_for_a_gradient(model, x, targets, weight_decay):
    loss, gradients = decay()(model, x, targets, weight_decay)
    return loss, gradients | {"conv2d.bias": None}


def other_penalty(measure):
    def decayed_loss(model, x, targets, weight_decay):
        loss, gradients = decay(penalty=0)(model, x, targets, weight_decay)
        weights = [value for name, value in model.parameters().items() if "weights" in name]
        return loss + weight_decay / 2 * sum(map(measure, weights)), gradients

    return decayed_loss


def by_differences(model, x, targets, weight_decay):
    """Right, if slow: central differences in place of a derivation."""
    gradients = {
        name: numerical_gradient(lambda: decay()(model, x, targets, weight_decay)[0], value)
        for name, value in model.parameters().items()
    }
    return [decay()(model, x, targets, weight_decay)[0], gradients]


WRONG_DECAYS = {
    "no backward": (without_backward, "None until model.backward has run"),
    "None for a gradient": (none_for_a_gradient, "run model.backward first"),
    "the penalty taken off": (decay(penalty=-0.5, slope=-1), "the penalty is added"),
    "the square of the sum": (other_penalty(lambda w: w.sum() ** 2), "square each weight, then"),
    "the sum of the sizes": (other_penalty(lambda w: np.abs(w).sum()), "taken without their sign"),
    "not written": (lambda *_: None, "decayed_loss returns None"),
    "None": (None, "is None"),
    "three parts": (lambda *a: (*decay()(*a), 1), "does not return a pair"),
    "loss alone": (lambda *a: decay()(*a)[0], "does not return a pair"),
    "no penalty": (decay(penalty=0), "the penalty is missing"),
    "no half": (decay(penalty=1, slope=2), "half of lambda"),
    "biases too": (decay(biases=True), "the biases are not penalized"),
    "over N": (decay(per_image=True), "not divided by their number"),
    "no gradient": (decay(slope=0), "of the cross-entropy alone"),
    "half a gradient": (decay(slope=0.5), "the slope of w squared over 2"),
    "twice a gradient": (decay(slope=2), "the slope of w squared over 2"),
    "wrong sign": (decay(slope=-1), "wrong numbers"),
    "signs": (constant_signs, "wrong numbers"),
    "takes a step": (steps_too, "changes the model's conv2d.weights"),
    "other names": (renamed, "names of model.parameters()"),
    "gradients a list": (lambda *a: (decay()(*a)[0], [1.0]), "names of model.parameters()"),
    "no loss": (lambda *a: ("1.2", decay()(*a)[1]), "the loss is not a number"),
    "raises": (lambda model, *_: model.nothing, "raised AttributeError"),
}


@pytest.mark.parametrize("case", WRONG_DECAYS)
def test_wrong_decay(case):
    answer, reason = WRONG_DECAYS[case]
    assert reason in refusal(check_weight_decay, answer)


def test_biases_in_the_gradient_only():
    def answer(model, x, targets, weight_decay):
        return decay()(model, x, targets, weight_decay)[0], decay(biases=True)(
            model, x, targets, weight_decay
        )[1]

    assert "the biases are not penalized" in refusal(check_weight_decay, answer)


# --- schedule ----------------------------------------------------------------------------------
def by_loop(epoch, start, factor, every):
    rate = start
    for past in range(1, epoch):
        if past % every == 0:
            rate *= factor
    return rate


def remembering(*, calls):
    def step_decay(epoch, start, factor, every):
        calls.append(epoch)
        return start * factor ** (len(calls) // every)

    return step_decay


def one_line(epoch, start, factor, every):
    return start * factor ** ((epoch - 1) // every)


def numpy_number(*arguments):
    return np.float64(one_line(*arguments))


@pytest.mark.parametrize("answer", [one_line, by_loop, numpy_number])
def test_schedule_is_accepted(capsys, answer):
    accepted(capsys, check_step_decay, answer)


def test_a_schedule_in_single_precision_is_accepted_with_a_note(capsys):
    check_step_decay(lambda *arguments: np.float32(one_line(*arguments)))
    assert "Note: step_decay returns float32" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "is None"),
        (lambda *_: None, "step_decay returns None"),
        (lambda e, s, f, n: s, "wrong numbers"),
        (lambda e, s, f, n: s * f * ((e - 1) // n), "wrong numbers"),
        (lambda e, s, f, n: 0.3 * f ** ((e - 1) // n), "wrong numbers"),
        (lambda e, s, f, n: s * 0.5 ** ((e - 1) // n), "wrong numbers"),
        (lambda e, s, f, n: s * f ** ((e - 1) // 3), "wrong numbers"),
        (lambda e, s, f, n: str(s), "is not a number"),
        (lambda e, s, f, n: s / 0 if e > 4 else by_loop(e, s, f, n), "raised ZeroDivisionError"),
        (remembering(calls=[]), "wrong numbers"),
        (lambda e, s, f, n: one_line(e, s, f, min(n, 5)), "wrong numbers.*on every: 11"),
    ],
)
def test_wrong_schedule(answer, reason):
    assert re.search(reason, refusal(check_step_decay, answer), re.DOTALL)


# --- bug hunt ----------------------------------------------------------------------------------
def test_bug_hunt_is_accepted(capsys):
    accepted(capsys, check_bug_hunt, "Dense", "ReLU", "Conv2D")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((None, "ReLU", "Conv2D"), "a is None"),
        (("dense", "ReLU", "Conv2D"), "a is not a layer's name"),
        (("Dense", "ReLU", Conv2D), "c is not a layer's name"),
        (("ReLU", "Dense", "Conv2D"), "in network A, ReLU is sound.*ratio"),
        (("Dense", "MaxPool2D", "Conv2D"), "in network B, MaxPool2D is sound"),
        (("Dense", "ReLU", "Flatten"), "in network C, Flatten is sound.*bias gradient right"),
    ],
)
def test_wrong_bug_hunt(answer, reason):
    message = refusal(check_bug_hunt, *answer)
    assert re.search(reason, message, re.DOTALL)


def test_no_layer_is_given_away_by_its_looks():
    for network in bug_hunt_networks().values():
        for layer, sound in zip(network.layers, TinyCNN().layers, strict=True):
            assert repr(layer).split(" at ")[0] == repr(sound).split(" at ")[0]
            assert (type(layer).__name__, type(layer).__module__) == (
                type(sound).__name__, type(sound).__module__
            )  # fmt: skip


def test_each_network_predicts_right_and_has_one_broken_layer():
    rng = np.random.default_rng(0)
    shapes = {"Conv2D": (2, 1, 8, 8), "ReLU": (2, 3, 6, 6), "MaxPool2D": (2, 3, 6, 6),
              "Flatten": (2, 3, 3, 3), "Dense": (2, 27)}  # fmt: skip
    sound_network = TinyCNN(seed=42)
    sound_network.conv.bias[:] = 0.05, 0.1, 0.15
    images = rng.random((5, 1, 8, 8))
    networks = bug_hunt_networks()
    assert list(networks) == ["A", "B", "C"]
    broken = {}
    for name, network in networks.items():
        np.testing.assert_array_equal(network.forward(images), sound_network.forward(images))
        assert list(network.parameters()) == list(sound_network.parameters())
        assert [type(layer).__name__ for layer in network.layers] == list(shapes)
        for layer in network.layers:
            kind = type(layer).__name__
            x = rng.normal(size=shapes[kind])
            d = rng.normal(size=layer.forward(x).shape)
            arrays, gradients = {"x": x}, {"x": layer.backward(d)}
            for key in ("weights", "bias"):
                if hasattr(layer, key):
                    arrays[key], gradients[key] = getattr(layer, key), getattr(layer, f"d_{key}")
            errors = gradient_check(
                lambda layer=layer, d=d, x=x: float((d * layer.forward(x)).sum()), arrays, gradients
            )
            if max(errors.values()) > 1e-3:
                broken.setdefault(name, []).append(kind)
    assert broken == {"A": ["Dense"], "B": ["ReLU"], "C": ["Conv2D"]}


def test_the_networks_are_new_each_time_and_leave_the_library_alone():
    first, second = bug_hunt_networks(), bug_hunt_networks()
    first["A"].layers[0].weights[:] = 0
    assert second["A"].layers[0].weights.any()
    assert second["B"].layers[0].weights.any()
    d = np.ones((1, 1, 2, 2))
    conv = Conv2D(1, 1, 2, seed=0)
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    conv.forward(x)
    conv.backward(d)
    assert conv.d_weights[0, 0, 0, 1] == x[0, 0, :2, 1:].sum()  # not transposed


# --- batch size --------------------------------------------------------------------------------
RIGHT_STEPS = {1: 180, 7: 26, 32: 6, 180: 1, 500: 1}


def test_steps_are_accepted(capsys):
    accepted(capsys, check_steps_per_epoch, RIGHT_STEPS)
    accepted(capsys, check_steps_per_epoch, {k: np.int64(v) for k, v in RIGHT_STEPS.items()})
    check_steps_per_epoch({size: np.ceil(180 / size) for size in RIGHT_STEPS})
    assert "Note: steps[7] is np.float64(26.0)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "steps is None"),
        ([180, 26, 6, 1, 1], "not a dict"),
        ({1: 180}, "not a dict with the five batch sizes"),
        (RIGHT_STEPS | {1: None}, r"steps\[1\] is None"),
        (RIGHT_STEPS | {32: 5}, r"steps\[32\] is wrong.*do not fill a batch"),
        (RIGHT_STEPS | {7: 25}, r"steps\[7\] is wrong.*do not fill a batch"),
        (RIGHT_STEPS | {32: 5.625}, r"steps\[32\] is not an integer.*round up"),
        (RIGHT_STEPS | {180: 2}, r"steps\[180\] is wrong.*no image is left over"),
        (RIGHT_STEPS | {500: 0}, r"steps\[500\] is wrong.*do not fill a batch"),
        (RIGHT_STEPS | {180: 180}, r"steps\[180\] is wrong.*how many batches"),
        (RIGHT_STEPS | {1: 1}, r"steps\[1\] is wrong.*how many batches"),
    ],
)
def test_wrong_steps(answer, reason):
    assert re.search(reason, refusal(check_steps_per_epoch, answer), re.DOTALL)


def test_scatter_law_is_accepted(capsys):
    accepted(capsys, check_scatter_law, lambda B, N: ((1 / B) * (N - B) / (N - 1)) ** 0.5)
    accepted(capsys, check_scatter_law, lambda B, N: math.sqrt((N / B - 1) / (N - 1)))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda B, N: None, "law returns None"),
        (lambda B, N: np.sqrt(N / B), "wrong numbers.*got: 13.*on B: 1\n"),
        (lambda B: 1 / B, "law takes other arguments"),
    ],
)
def test_wrong_scatter_law(answer, reason):
    assert re.search(reason, refusal(check_scatter_law, answer), re.DOTALL)
