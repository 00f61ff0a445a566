"""The pieces that a reader of Chapter 24 writes: every gradient, a step, and the loop."""

import numpy as np

from tinycnn_lib import loops
from tinycnn_lib.exercises._answers import expect_function
from tinycnn_lib.exercises._arrays import same_numbers
from tinycnn_lib.exercises._base import call, fail, praise, sample
from tinycnn_lib.exercises._kept import MY_FILE, write_kept
from tinycnn_lib.exercises._piece import Piece, play_parts
from tinycnn_lib.losses import softmax, softmax_cross_entropy

# --- The loss


def _loss_cases():
    rng = np.random.default_rng(24)
    for N, K in ((1, 3), (2, 3), (4, 2), (5, 4)):
        yield {"logits": sample((N, K), N + K), "targets": rng.integers(0, K, size=N)}
    yield {"logits": np.array([[1000.0, 0.0, 1.0]]), "targets": np.array([1])}
    yield {"logits": np.array([[1000.0, 0.0, 1.0], [0.0, 0.5, 1.0]]), "targets": np.array([1, 0])}


def _loss_gradient(logits, targets):
    return softmax_cross_entropy(logits, targets)[2]


def _one_maximum(logits, targets):
    with np.errstate(all="ignore"):
        e = np.exp(logits - logits.max())
        return (e / e.sum(axis=1, keepdims=True) - _one_hot(logits, targets)) / len(logits)


def _one_hot(logits, targets):
    return np.eye(logits.shape[1])[targets]


def _whole_columns(logits, targets):
    """Take 1 away from the column of each target, in all rows."""
    p = softmax(logits)
    p[:, targets] -= 1
    return p / len(logits)


LOSS_GRADIENT = Piece(
    name="loss_gradient",
    right=_loss_gradient,
    cases=_loss_cases,
    praise="what was predicted minus what should have been, shared by the batch.",
    mistakes={
        "the whole batch shares one maximum; each row subtracts its own": _one_maximum,
        "the loss is the mean over the batch: divide by N": (
            lambda logits, targets: len(logits) * _loss_gradient(logits, targets)
        ),
        "these are the probabilities over N; 1 is missing where the class is right": (
            lambda logits, targets: softmax(logits) / len(logits)
        ),
        "the sign is turned: predicted minus wanted, not wanted minus predicted": (
            lambda logits, targets: -_loss_gradient(logits, targets)
        ),
        "that is the mean over images and classes; the loss is divided by N only": (
            lambda logits, targets: _loss_gradient(logits, targets) / logits.shape[1]
        ),
        "that is the slope of softmax alone; loss and softmax are differentiated as one": (
            lambda logits, targets: softmax(logits) * (1 - softmax(logits)) / len(logits)
        ),
        "the shares of a column sum to 1, those of a row should: softmax runs over axis 1": (
            lambda logits, targets: (softmax(logits.T).T - _one_hot(logits, targets)) / len(logits)
        ),
        "1 is taken away after the division by N; take it away first, then divide": (
            lambda logits, targets: softmax(logits) / len(logits) - _one_hot(logits, targets)
        ),
        "p[:, targets] takes whole columns; p[np.arange(N), targets] one number of each row": (
            _whole_columns
        ),
        "1 is taken away from every class; only the right one has it": (
            lambda logits, targets: (softmax(logits) - 1) / len(logits)
        ),
    },
)


def check_loss_gradient(loss_gradient, keep=False):
    """Check the piece "The loss": the gradient of the mean cross-entropy for the logits.

    Parameters
    ----------
    loss_gradient : callable (logits, targets)
        From (N, K) and (N,) to (N, K).
    keep : bool
        Write a right answer into my_cnn.py, for the chapter's last section.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    with np.errstate(all="ignore"):
        LOSS_GRADIENT.check(loss_gradient, keep)


# --- Dense


def _dense_cases():
    for seed, (N, d, e) in enumerate(((1, 2, 3), (2, 3, 2), (3, 2, 2), (4, 5, 3))):
        yield {
            "d_output": sample((N, e), seed) + 0.35,
            "x": sample((N, d), 50 + seed) + 0.05,
            "weights": sample((d, e), 90 + seed) + 0.05,
        }


def _dense_backward(d_output, x, weights):
    return d_output @ weights.T, x.T @ d_output, d_output.sum(axis=0)


def _dense_but(change):
    def version(d_output, x, weights):
        d_x, d_weights, d_bias = _dense_backward(d_output, x, weights)
        return change(d_x, d_weights, d_bias, d_output, x, weights)

    return version


DENSE_BACKWARD = Piece(
    name="dense_backward",
    right=_dense_backward,
    cases=_dense_cases,
    praise="three gradients, each with the shape of what it belongs to.",
    play=play_parts("d_x", "d_weights", "d_bias"),
    mistakes={
        "the mean is taken again; the upstream gradient has 1 / N in it already": _dense_but(
            lambda d_x, d_w, d_b, d, x, w: (d_x, d_w / len(x), d_b / len(x))
        ),
        "the bias was added to every image: its gradient is summed over the batch": _dense_but(
            lambda d_x, d_w, d_b, d, x, w: (d_x, d_w, d)
        ),
        "d_weights is transposed: it has the shape of the weights, (D_in, D_out)": _dense_but(
            lambda d_x, d_w, d_b, d, x, w: (d_x, d_w.T, d_b)
        ),
        "only the first image has taught the weights; sum over the batch": _dense_but(
            lambda d_x, d_w, d_b, d, x, w: (d_x, np.outer(x[0], d[0]), d_b)
        ),
        "only the last image has taught the weights; add with +=": _dense_but(
            lambda d_x, d_w, d_b, d, x, w: (d_x, np.outer(x[-1], d[-1]), d_b)
        ),
        "the input's gradient is the upstream gradient itself; it comes through the weights": (
            _dense_but(lambda d_x, d_w, d_b, d, x, w: (np.resize(d, x.shape), d_w, d_b))
        ),
    },
)


def check_dense_backward(dense_backward, keep=False):
    """Check the piece "Dense, backward".

    Parameters
    ----------
    dense_backward : callable (d_output, x, weights)
        From (N, D_out), (N, D_in) and (D_in, D_out) to (d_x, d_weights, d_bias).
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    DENSE_BACKWARD.check(dense_backward, keep)


# --- Max pooling and ReLU


def _pool_cases():
    rng = np.random.default_rng(240)
    for p, shape in ((2, (1, 1, 2, 4)), (2, (1, 2, 4, 2)), (2, (2, 2, 4, 6)), (2, (1, 1, 3, 5)),
                     (3, (1, 2, 4, 7)), (1, (1, 1, 2, 3))):  # fmt: skip
        N, C, H, W = shape
        d_output = sample((N, C, H // p, W // p), sum(shape)) + 0.05
        yield {"d_output": d_output, "x": sample(shape, p), "p": p}
        yield {"d_output": d_output, "x": rng.integers(0, 2, size=shape).astype(float), "p": p}


def _shared(d_output, x, p, divide):
    """Give every entry that equals its window's maximum the gradient, whole or in parts."""
    d_x = np.zeros(x.shape)
    for i, j in np.ndindex(d_output.shape[2:]):
        place = np.s_[:, :, p * i : p * i + p, p * j : p * j + p]
        wins = x[place] == x[place].max(axis=(2, 3), keepdims=True)
        count = wins.sum(axis=(2, 3), keepdims=True) if divide else 1
        d_x[place] = wins * d_output[:, :, i, j, None, None] / count
    return d_x


def _last_wins(d_output, x, p):
    OH, OW = d_output.shape[2:]
    inner = x[:, :, : OH * p, : OW * p][:, :, ::-1, ::-1]
    d_x = np.zeros(x.shape)
    turned = loops.maxpool2d_backward(d_output[:, :, ::-1, ::-1], inner, p)
    d_x[:, :, : OH * p, : OW * p] = turned[:, :, ::-1, ::-1]
    return d_x


def _everywhere(d_output, x, p):
    d_x = np.zeros(x.shape)
    whole = np.repeat(np.repeat(d_output, p, axis=2), p, axis=3)
    d_x[:, :, : whole.shape[2], : whole.shape[3]] = whole
    return d_x


MAXPOOL_BACKWARD = Piece(
    name="maxpool_backward",
    right=loops.maxpool2d_backward,
    cases=_pool_cases,
    praise="each window's gradient goes to its winner, ties and dropped rows included.",
    mistakes={
        "on a tie all of the largest entries get the gradient; only the first has won": (
            lambda d_output, x, p: _shared(d_output, x, p, divide=False)
        ),
        "on a tie the gradient is shared; only the first of the equal entries has won": (
            lambda d_output, x, p: _shared(d_output, x, p, divide=True)
        ),
        "on a tie the last entry wins; in the forward pass it was the first": _last_wins,
        "every entry of a window gets the gradient; the others had no part in the maximum": (
            _everywhere
        ),
        "these are the places of the winners; each gets its window's gradient": (
            lambda d_output, x, p: loops.maxpool2d_backward(np.ones_like(d_output), x, p)
        ),
        "the dropped rows and columns are missing; the gradient has the shape of x": (
            lambda d_output, x, p: loops.maxpool2d_backward(d_output, x, p)[
                :, :, : d_output.shape[2] * p, : d_output.shape[3] * p
            ]
        ),
    },
)


def check_maxpool_backward(maxpool_backward, keep=False):
    """Check the piece "Max pooling, backward".

    Parameters
    ----------
    maxpool_backward : callable (d_output, x, p)
        From (N, C, H // p, W // p), (N, C, H, W) and the windows' side to (N, C, H, W).
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    MAXPOOL_BACKWARD.check(maxpool_backward, keep)


def _relu_cases():
    for seed, shape in enumerate(((1, 4), (2, 3), (1, 2, 3, 4))):
        x = np.rint(sample(shape, seed) * 4)  # several are exactly 0
        yield {"d_output": sample(shape, 50 + seed) + 0.05, "x": x}


def _relu_backward(d_output, x):
    return d_output * (x > 0)


RELU_BACKWARD = Piece(
    name="relu_backward",
    right=_relu_backward,
    cases=_relu_cases,
    praise="the gradient passes where x was positive, and nowhere else.",
    mistakes={
        "at x = 0 nothing passes: > where you have >=": lambda d_output, x: d_output * (x >= 0),
        "it passes where the gradient is positive; it should where x was": (
            lambda d_output, x: d_output * (d_output > 0)
        ),
        "that is ReLU of x; the upstream gradient should pass": (
            lambda d_output, x: np.maximum(x, 0.0)
        ),
        "that is 1 or 0, the slope; multiply it by the upstream gradient": (
            lambda d_output, x: (x > 0).astype(float)
        ),
        "everything passes; where x was negative the output was 0 all the same": (
            lambda d_output, x: d_output.copy()
        ),
        "the slope of ReLU is 1, not x": lambda d_output, x: d_output * x * (x > 0),
    },
)


def check_relu_backward(relu_backward, keep=False):
    """Check the piece "ReLU, backward".

    Parameters
    ----------
    relu_backward : callable (d_output, x)
        Two arrays of one shape, to that shape.
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    RELU_BACKWARD.check(relu_backward, keep)


# --- Convolution

_SHAPES = ((1, 1, 3, 3, 1, 2), (1, 1, 3, 4, 1, 2), (1, 2, 3, 4, 1, 2), (2, 1, 4, 3, 1, 2),
           (1, 1, 3, 4, 2, 2), (2, 2, 5, 4, 3, 3), (1, 2, 2, 3, 2, 1))  # fmt: skip


def _conv_cases():
    for seed, (N, C, H, W, F, k) in enumerate(_SHAPES):
        yield {
            "d_output": sample((N, F, H - k + 1, W - k + 1), seed) + 0.35,
            "x": sample((N, C, H, W), 50 + seed) + 0.05,
            "k": k,
        }


def _conv_parameters(d_output, x, k):
    patches = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return np.einsum("nfij,ncijuv->fcuv", d_output, patches), d_output.sum(axis=(0, 2, 3))


def _parameters_but(change):
    def version(d_output, x, k):
        return change(*_conv_parameters(d_output, x, k), d_output, x, k)

    return version


CONV_PARAMETERS = Piece(
    name="conv_parameter_gradients",
    right=_conv_parameters,
    cases=_conv_cases,
    praise="every place and every image has its part.",
    play=play_parts("d_weights", "d_bias"),
    mistakes={
        "only one image of the batch counts; sum over all": _parameters_but(
            lambda d_w, d_b, d, x, k: _conv_parameters(d[:1], x[:1], k)
        ),
        "only the last place counts; all places share the weight, so all of them add up": (
            _parameters_but(
                lambda d_w, d_b, d, x, k: _conv_parameters(
                    d * (np.arange(d[0, 0].size) == d[0, 0].size - 1).reshape(d.shape[2:]), x, k
                )
            )
        ),
        "only the last place of the last image counts: += where you write =": _parameters_but(
            lambda d_w, d_b, d, x, k: (
                _conv_parameters(d[-1:, :, -1:, -1:], x[-1:, :, -k:, -k:], k)[0],
                d_b,
            )
        ),
        "the kernel's gradient is turned by 180 degrees: w[u, v] meets x[i + u, j + v]": (
            _parameters_but(lambda d_w, d_b, d, x, k: (d_w[..., ::-1, ::-1], d_b))
        ),
        "that is the mean over the batch; the upstream gradient has 1 / N in it already": (
            _parameters_but(lambda d_w, d_b, d, x, k: (d_w / len(x), d_b / len(x)))
        ),
        "that is the mean over the places; a shared weight collects the sum": _parameters_but(
            lambda d_w, d_b, d, x, k: (d_w / d[0, 0].size, d_b / d[0, 0].size)
        ),
        "the bias is used at every place: sum over n, i and j": _parameters_but(
            lambda d_w, d_b, d, x, k: (d_w, d.sum(axis=0).reshape(len(d_b), -1)[:, 0])
        ),
        "the bias belongs to one map: it does not collect from the others": _parameters_but(
            lambda d_w, d_b, d, x, k: (d_w, np.full_like(d_b, d.sum()))
        ),
    },
)


def check_conv_parameters(conv_parameter_gradients, keep=False):
    """Check the piece "Convolution, backward: the parameters".

    Parameters
    ----------
    conv_parameter_gradients : callable (d_output, x, k)
        From (N, F, H - k + 1, W - k + 1), (N, C, H, W) and the kernels' side to
        (d_weights (F, C, k, k), d_bias (F,)).
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    CONV_PARAMETERS.check(conv_parameter_gradients, keep)


def _input_cases():
    for case, (_, C, _, _, F, k) in zip(_conv_cases(), _SHAPES, strict=True):
        yield {"d_output": case["d_output"], "weights": sample((F, C, k, k), F + k) + 0.05}


def _conv_input(d_output, weights):
    (N, _, OH, OW), (_, C, k, _) = d_output.shape, weights.shape
    d_x = np.zeros((N, C, OH + k - 1, OW + k - 1))
    for u, v in np.ndindex(k, k):
        d_x[:, :, u : u + OH, v : v + OW] += np.einsum(
            "nfij,fc->ncij", d_output, weights[:, :, u, v]
        )
    return d_x


def _laid_over(d_output, weights):
    """Let each patch replace what lies there, where it should be added."""
    d_x, k = np.zeros_like(_conv_input(d_output, weights)), weights.shape[2]
    for i, j in np.ndindex(d_output.shape[2:]):
        part = np.einsum("nf,fcuv->ncuv", d_output[:, :, i, j], weights)
        d_x[:, :, i : i + k, j : j + k] = part
    return d_x


def _offsets_replace(d_output, weights):
    """Let each offset (u, v) replace what the others gave."""
    OH, OW = d_output.shape[2:]
    d_x = np.zeros_like(_conv_input(d_output, weights))
    for u, v in np.ndindex(weights.shape[2:]):
        part = np.einsum("nfij,fc->ncij", d_output, weights[:, :, u, v])
        d_x[:, :, u : u + OH, v : v + OW] = part
    return d_x


def _valid_places(d_output, weights):
    """Slide without full padding: the shape is too small."""
    k = weights.shape[2]
    return _conv_input(d_output, weights)[:, :, k - 1 : 1 - k or None, k - 1 : 1 - k or None]


CONV_INPUT = Piece(
    name="conv_input_gradient",
    right=_conv_input,
    cases=_input_cases,
    praise="every pixel hears from all windows that saw it.",
    mistakes={
        "the kernel is not turned in the second view (or is turned in the first)": (
            lambda d_output, weights: _conv_input(d_output, weights[..., ::-1, ::-1])
        ),
        "where patches overlap they are added; yours replace each other": _laid_over,
        "each offset (u, v) replaces what the others gave: += where you write =": (
            _offsets_replace
        ),
        "only the first filter hands its gradient back; sum over f": (
            lambda d_output, weights: _conv_input(d_output[:, :1], weights[:1])
        ),
        "the border is missing: k - 1 zeros on all sides of the upstream gradient": _valid_places,
        "the kernel is mirrored in one direction; it is turned in both": (
            lambda d_output, weights: _conv_input(d_output, weights[..., ::-1])
        ),
    },
)


def check_conv_input(conv_input_gradient, keep=False):
    """Check the piece "Convolution, backward: the input".

    Parameters
    ----------
    conv_input_gradient : callable (d_output, weights)
        From (N, F, OH, OW) and (F, C, k, k) to (N, C, OH + k - 1, OW + k - 1).
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    CONV_INPUT.check(conv_input_gradient, keep)


# --- The numerical gradient


def _difference(steps=(1, -1), divide=2):
    """Return central differences, or, with other arguments, a mistake."""

    def version(loss, w, h):
        gradient = np.zeros(w.shape)
        for index in np.ndindex(w.shape):
            kept, values = w[index], []
            for step in steps:
                w[index] = kept + step * h
                values.append(loss())
            w[index] = kept
            gradient[index] = (values[0] - values[1]) / (divide * h)
        return gradient

    return version


def _not_put_back(loss, w, h):
    gradient = np.zeros(w.shape)
    for index in np.ndindex(w.shape):
        w[index] += h
        above = loss()
        w[index] -= 2 * h
        gradient[index] = (above - loss()) / (2 * h)
    return gradient


def _all_at_once(loss, w, h):
    kept = w.copy()
    w[...] = kept + h
    above = loss()
    w[...] = kept - h
    below = loss()
    w[...] = kept
    return np.full(w.shape, (above - below) / (2 * h))


def _numerical_cases():
    for seed, shape in enumerate(((2,), (3,), (2, 3), (1, 2, 2))):
        yield {"w": sample(shape, seed) + 0.25, "h": 0.25}


def _play_numerical(name, answer, case, hint=None):
    """Measure the slopes of a cubic whose differences are exact for any right answer."""
    w = case["w"].copy()

    def loss():
        flat = w.ravel()
        return float((flat**3).sum() + 2 * flat[0] * flat[-1])

    loss.__qualname__ = "loss"  # as an error of Python's names it
    on = {"w": case["w"], "h": case["h"], "loss": "sum(w ** 3) + 2 w[0] w[-1]"}

    def help_with_call():
        return (hint and hint()) or "loss() takes nothing: it reads w, which you change in place"

    yield name, call(name, lambda: answer(loss, w, case["h"]), on=on, hint=help_with_call), on
    yield f"w, after {name} is done,", w, on


def _check_put_back(central_differences):
    """Fail unless each parameter is afterwards what it was, to the last bit."""
    before, h = np.array([0.1, 0.7, 1000.0]), 1e-5
    w = before.copy()
    call("central_differences", lambda: central_differences(lambda: float((w**2).sum()), w, h))
    if not np.array_equal(w, before):
        fail("w, after central_differences is done, is not what it was, to the last bit",
             on={"w": before, "h": h}, hint="adding and taking away leaves a rounding error: keep "
             "the old number, and put that back")  # fmt: skip


NUMERICAL = Piece(
    name="central_differences",
    right=_difference(),
    cases=_numerical_cases,
    praise="each parameter up and down, and put back.",
    play=_play_numerical,
    promises=(_check_put_back,),
    mistakes={
        "that is a one-sided difference: measure above and below": (
            _difference(steps=(1, 0), divide=1)
        ),
        "that is a one-sided difference, from below: measure above and below": (
            _difference(steps=(0, -1), divide=1)
        ),
        "(a - b) / 2 * h multiplies by h: write / (2 * h)": (
            lambda loss, w, h: h**2 * _difference()(loss, w, h)
        ),
        "the two losses lie 2 h apart": _difference(divide=1),
        "the sign is turned: above minus below": _difference(steps=(-1, 1)),
        "a parameter is not put back before the next one is changed": _not_put_back,
        "all parameters move at once; change one, measure, put it back": _all_at_once,
        "that is the difference of the two losses; divide by 2 h": (
            lambda loss, w, h: 2 * h * _difference()(loss, w, h)
        ),
    },
)


def check_central_differences(central_differences, keep=False):
    """Check the piece "The numerical gradient".

    Parameters
    ----------
    central_differences : callable (loss, w, h)
        `loss()` computes the loss from the array `w`, which is changed in place and put back.
        Returns an array of w's shape.
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, leaves `w` changed, or returns a wrong shape or number.
    """
    NUMERICAL.check(central_differences, keep)


# --- A step and the loop


def _momentum(theta, nu, g, eta, mu):
    nu = mu * nu - eta * g
    return theta + nu, nu


def _momentum_cases():
    for seed, (shape, eta, mu) in enumerate((((1,), 0.1, 0.5), ((3,), 0.5, 0.9), ((2, 2), 1, 0))):
        yield {
            "theta": sample(shape, seed) + 1.05,
            "nu": sample(shape, 20 + seed) + 0.35,
            "g": sample(shape, 40 + seed) + 0.75,
            "eta": eta,
            "mu": mu,
        }


MOMENTUM_STEP = Piece(
    name="momentum_step",
    right=_momentum,
    cases=_momentum_cases,
    praise="the velocity first, then the step.",
    play=play_parts("theta", "nu"),
    mistakes={
        "theta moves with the new velocity; yours moves with the old one": (
            lambda theta, nu, g, eta, mu: (theta + nu, mu * nu - eta * g)
        ),
        "the step goes against the gradient: minus eta g": (
            lambda theta, nu, g, eta, mu: _momentum(theta, nu, -g, eta, mu)
        ),
        "theta moves right, but by another convention: here eta is a part of the velocity": (
            lambda theta, nu, g, eta, mu: (theta - eta * (mu * nu + g), mu * nu + g)
        ),
        "that is a running mean; here the new gradient is not weighted by 1 - mu": (
            lambda theta, nu, g, eta, mu: _momentum(theta, nu, (1 - mu) * g, eta, mu)
        ),
        "that is plain gradient descent; nothing of the old velocity is kept": (
            lambda theta, nu, g, eta, mu: _momentum(theta, 0 * nu, g, eta, mu)
        ),
        "eta and mu have changed places: mu times the old velocity, eta times the gradient": (
            lambda theta, nu, g, eta, mu: _momentum(theta, nu, g, mu, eta)
        ),
        "the old velocity is kept whole; mu times it is kept": (
            lambda theta, nu, g, eta, mu: _momentum(theta, nu, g, eta, 1)
        ),
        "that is Nesterov's step, which looks ahead; here theta moves by the new velocity": (
            lambda theta, nu, g, eta, mu: (
                theta + mu * (mu * nu - eta * g) - eta * g,
                mu * nu - eta * g,
            )
        ),
        "the velocity stands in theta's place: add it to theta, and return theta first": (
            lambda theta, nu, g, eta, mu: (mu * nu - eta * g, mu * nu - eta * g)
        ),
    },
)


def check_momentum_step(momentum_step, keep=False):
    """Check the piece "One step with momentum".

    Parameters
    ----------
    momentum_step : callable (theta, nu, g, eta, mu)
        Returns the new (theta, nu), as new arrays.
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If it raises, changes an input, or returns a wrong shape or number.
    """
    MOMENTUM_STEP.check(momentum_step, keep)


class Recorder:
    """A model and an optimizer in one that only write down what a training loop does with them.

    Image number n holds the number n in all pixels, its class is n % 3, and every logit is 0, so
    that the gradient of the loss tells which labels came with which images.
    """

    def __init__(self):
        self.events, self.images, self.classes, self.stepped = [], [], [], []
        self.weights = {"w": np.zeros(1)}

    def forward(self, x, *others):
        """Note which images came, and return logits of 0."""
        self.events.append("forward")
        self.images.append(np.asarray(x)[:, 0, 0, 0].astype(int))
        return np.zeros((len(x), 3))

    __call__ = forward

    def backward(self, d_logits, input_gradient=True):
        """Note the classes that the gradient pulls at."""
        self.events.append("backward")
        self.classes.append(np.asarray(d_logits))

    def parameters(self):
        """Return one array, always the same."""
        return self.weights

    def gradients(self):
        """Return the number of the last backward, as one array."""
        return {"w": np.full(1, float(len(self.classes)))}

    def step(self, parameters, gradients):
        """Note that a step was made, and with what."""
        self.events.append("step")
        self.stepped.append((parameters is self.weights, float(np.ravel(gradients["w"])[0])))


def run_epoch(one_epoch, N, batch_size, seed):
    """Return the Recorder of one epoch over N images, which must stay as they are."""
    recorder = Recorder()
    x, y = np.zeros((N, 1, 8, 8)) + np.arange(N)[:, None, None, None], np.arange(N) % 3
    on = {"images": N, "batch_size": batch_size}
    call("one_epoch", lambda: one_epoch(recorder, x, y, recorder, batch_size,
                                        np.random.default_rng(seed)), on=on)  # fmt: skip
    if not np.array_equal(x[:, 0, 0, 0], np.arange(N)) or not np.array_equal(y, np.arange(N) % 3):
        fail("one_epoch changes x or y", on=on, hint="the images belong to whoever called you; "
             "draw an order and take x[batch], y[batch]")  # fmt: skip
    return recorder


def check_one_epoch(one_epoch, keep=False):
    """Check the piece "The training loop": one epoch in mini-batches.

    Parameters
    ----------
    one_epoch : callable (model, x, y, optimizer, batch_size, rng)
        It uses `model.forward`, the loss, `model.backward`, and `optimizer.step(parameters,
        gradients)` for each mini-batch of a new random order, drawn from `rng`.
    keep : bool
        As in `check_loss_gradient`.

    Raises
    ------
    ExerciseError
        If a property fails; the message says which.
    """
    expect_function("one_epoch", one_epoch, "model", "x", "y", "optimizer", "batch_size", "rng")
    for N, batch_size in ((6, 3), (7, 3), (4, 8), (20, 4)):
        on = {"images": N, "batch_size": batch_size}
        done = run_epoch(one_epoch, N, batch_size, seed=1)
        seen = np.concatenate([*done.images, np.empty(0, dtype=int)])
        sizes = [len(batch) for batch in done.images]
        if not done.images:
            fail("one_epoch never calls model.forward", on=on, hint="once for each mini-batch")
        if len(seen) < N or len(set(seen.tolist())) < N:
            missing = sorted(set(range(N)) - set(seen.tolist()))
            hint = "the last mini-batch may be smaller; it counts all the same"
            if len(sizes) == 1 < N / batch_size:
                hint = "only the first mini-batch ran; does a return stand inside of the loop?"
            if len(seen) >= N:
                hint = "an epoch visits every image once; draw an order, a permutation"
            fail("some images are never visited", on=on, got=missing, hint=hint)
        if len(seen) > N:
            fail("some images are visited more than once in an epoch", on=on, got=len(seen),
                 expected=N, hint="one forward for each mini-batch is enough")  # fmt: skip
        wanted = [batch_size] * (N // batch_size) + [N % batch_size] * (N % batch_size > 0)
        if sizes != wanted:
            fail("the mini-batches have other sizes", on=on, got=sizes, expected=wanted)
        steps = ["forward", "backward", "step"] * len(sizes)
        if done.events != steps:
            hint = "each mini-batch: forward, the loss, backward, one step"
            if done.events.count("step") == 1 < len(sizes):
                hint = "the step stands inside of the loop: one for each mini-batch"
            fail("the calls come in another order", on=on, got=done.events[:6],
                 expected=steps[:6], hint=hint)  # fmt: skip
        for images, d_logits in zip(done.images, done.classes, strict=True):
            right = softmax_cross_entropy(np.zeros((len(images), 3)), images % 3)[2]
            if not same_numbers(d_logits, right):
                hint = "the third result of softmax_cross_entropy is what backward wants"
                if same_numbers(np.sort(d_logits, axis=None), np.sort(right, axis=None)):
                    hint = "x and y must be taken in the same order: the label goes with its image"
                if same_numbers(np.asarray(d_logits) / len(images), right):
                    hint = "the gradient of the mean loss is divided by the size of the batch"
                fail("backward does not get the gradient of the loss", on=on, got=d_logits,
                     expected=right, hint=hint)  # fmt: skip
        for number, (right_first, gradient) in enumerate(done.stepped, start=1):
            if not right_first:
                fail("optimizer.step does not get the model's parameters first", on=on,
                     hint="optimizer.step(model.parameters(), model.gradients())")  # fmt: skip
            if gradient != number:
                hint = "ask for model.gradients() after backward, and for the step that follows"
                if gradient > number:
                    hint = "each step takes the gradients of its own mini-batch; nothing adds up"
                fail("optimizer.step gets other gradients than those of its mini-batch", on=on,
                     hint=hint)  # fmt: skip
    orders = [np.concatenate(run_epoch(one_epoch, 20, 4, seed).images) for seed in (1, 2, 1)]
    if np.array_equal(orders[0], orders[1]):
        hint = "draw a new order from rng, for example rng.permutation(len(x))"
        fail("the order does not depend on rng", got=orders[0], hint=hint)
    if not np.array_equal(orders[0], orders[2]):
        fail("two epochs with one seed differ", hint="draw from rng, and from nothing else")
    batches = [batch for seed in (1, 2, 3) for batch in run_epoch(one_epoch, 20, 4, seed).images]
    if all(set(batch // 4) == {batch[0] // 4} for batch in batches):
        fail("the same images always share a mini-batch", got=batches[0],
             hint="draw one order of all images, then cut it into mini-batches")  # fmt: skip
    said = "every image once, in a new order, a step for each mini-batch."
    if keep:
        write_kept("one_epoch", one_epoch)
        said += f" Kept in {MY_FILE}."
    praise(said)
