"""The reader's own network: all pieces that were kept, put together, compared, and trained."""

import contextlib
import functools
import io

import numpy as np

from tinycnn_lib.datasets import make_dataset_bundle, traced_image
from tinycnn_lib.exercises import chapter22_pieces, chapter23_pieces, chapter24_pieces
from tinycnn_lib.exercises._answers import expect_answer
from tinycnn_lib.exercises._arrays import expect_array
from tinycnn_lib.exercises._base import ExerciseError, fail
from tinycnn_lib.exercises._kept import MY_FILE, read_kept
from tinycnn_lib.layer import Layer
from tinycnn_lib.models import Sequential, TinyCNN
from tinycnn_lib.optimizers import Optimizer
from tinycnn_lib.training import train_epoch
from tinycnn_lib.validation import describe

EPOCHS, RATE, MU, BATCH = 25, 0.05, 0.9, 32
LEAST = 0.9  # of the validation pictures; the book's pieces get all


def _book_epoch(model, x, y, optimizer, batch_size, rng):
    train_epoch(model, x, y, optimizer, rng.permutation(len(x)), batch_size)


# name: (the book's version, the checker)
PIECES = {
    "conv2d_loops": (chapter22_pieces.CONV2D_LOOPS.right, chapter22_pieces.check_conv2d_loops),
    "MyConv2D": (chapter23_pieces.CONV.right, chapter23_pieces.check_conv2d),
    "MyReLU": (chapter23_pieces.RELU.right, chapter23_pieces.check_relu),
    "MyMaxPool2D": (chapter23_pieces.MAXPOOL.right, chapter23_pieces.check_maxpool),
    "MyFlatten": (chapter23_pieces.FLATTEN.right, chapter23_pieces.check_flatten),
    "MyDense": (chapter23_pieces.DENSE.right, chapter23_pieces.check_dense),
    "my_softmax": (chapter23_pieces.SOFTMAX.right, chapter23_pieces.check_softmax),
    "my_cross_entropy": (
        chapter23_pieces.CROSS_ENTROPY.right,
        chapter23_pieces.check_cross_entropy,
    ),
    "loss_gradient": (chapter24_pieces.LOSS_GRADIENT.right, chapter24_pieces.check_loss_gradient),
    "dense_backward": (
        chapter24_pieces.DENSE_BACKWARD.right,
        chapter24_pieces.check_dense_backward,
    ),
    "maxpool_backward": (
        chapter24_pieces.MAXPOOL_BACKWARD.right,
        chapter24_pieces.check_maxpool_backward,
    ),
    "relu_backward": (chapter24_pieces.RELU_BACKWARD.right, chapter24_pieces.check_relu_backward),
    "conv_parameter_gradients": (
        chapter24_pieces.CONV_PARAMETERS.right,
        chapter24_pieces.check_conv_parameters,
    ),
    "conv_input_gradient": (chapter24_pieces.CONV_INPUT.right, chapter24_pieces.check_conv_input),
    "central_differences": (
        chapter24_pieces.NUMERICAL.right,
        chapter24_pieces.check_central_differences,
    ),
    "momentum_step": (chapter24_pieces.MOMENTUM_STEP.right, chapter24_pieces.check_momentum_step),
    "one_epoch": (_book_epoch, chapter24_pieces.check_one_epoch),
}
BOOK = {name: right for name, (right, _) in PIECES.items()}


def kept(name):
    """Return the reader's piece of this name from my_cnn.py, or the book's version of it.

    Parameters
    ----------
    name : str
        For example "conv2d_loops".

    Raises
    ------
    ExerciseError
        If no piece has this name, or my_cnn.py cannot be run.
    """
    if name not in BOOK:
        fail(f"no piece is called {name!r}", expected=", ".join(BOOK))
    return read_kept([name], BOOK).get(name, BOOK[name])


def _named(name, piece):
    """Return a piece whose errors say, in the whole network, which piece raised them."""

    @functools.wraps(piece)
    def run(*arguments):
        try:
            return piece(*arguments)
        except ExerciseError:  # of a piece that this one has called
            raise
        except Exception as error:
            hint = "it was right alone; what does it expect that the network does not give?"
            said = f"{name} raised {type(error).__name__} in the network: {error}"
            fail(said, hint=hint, cause=error)

    return run


class _Mine(Layer):
    """A layer of the network: one of the pieces forward, another one backward."""

    def __init__(self, layer, backward):
        self.layer, self.way_back = layer, backward
        self.run = _named(f"{type(layer).__name__}.forward", layer.forward)

    def forward(self, x):
        """Run the piece, and keep what the way back needs."""
        self.x = np.asarray(x)
        return np.asarray(self.run(self.x))

    def backward(self, d_output):
        """Run the piece for the way back; its parameters' gradients stay in `self`."""
        return np.asarray(self.way_back(self, d_output))


class _MineWithParameters(_Mine):
    learned = ("weights", "bias")

    def __init__(self, layer, twin, backward):
        super().__init__(layer, backward)
        layer.weights, layer.bias = twin.weights.copy(), twin.bias.copy()
        self.weights, self.bias = layer.weights, layer.bias  # one array in two places

    def backward(self, d_output, input_gradient=True):
        """As before; the input's gradient is always computed here."""
        return super().backward(d_output)


class _MyMomentum(Optimizer):
    """An optimizer of the reader's step: the velocities are kept here."""

    def __init__(self, step):
        super().__init__(RATE)
        self.one_step, self.nu = step, {}

    def step(self, parameters, gradients):
        """Move every parameter by one step of the piece."""
        for name, theta in parameters.items():
            nu = self.nu.get(name, np.zeros_like(theta))
            moved, nu = self.one_step(theta.copy(), nu, gradients[name], RATE, MU)
            theta[...], self.nu[name] = moved, np.asarray(nu)


def _assemble(pieces):
    """Return a Sequential of five layers, made of the pieces, with TinyCNN's parameters."""
    twin = TinyCNN()

    def conv_back(layer, d):
        k = layer.weights.shape[2]
        gradients = pieces["conv_parameter_gradients"](d, layer.x, k)
        layer.d_weights, layer.d_bias = map(np.asarray, gradients)
        return pieces["conv_input_gradient"](d, layer.weights)

    def dense_back(layer, d):
        gradients = pieces["dense_backward"](d, layer.x, layer.weights)
        d_x, layer.d_weights, layer.d_bias = map(np.asarray, gradients)
        return d_x

    return Sequential(
        _MineWithParameters(pieces["MyConv2D"](1, 3, 3), twin.conv, conv_back),
        _Mine(pieces["MyReLU"](), lambda layer, d: pieces["relu_backward"](d, layer.x)),
        _Mine(pieces["MyMaxPool2D"](2), lambda layer, d: pieces["maxpool_backward"](d, layer.x, 2)),
        _Mine(pieces["MyFlatten"](), lambda layer, d: d.reshape(layer.x.shape)),
        _MineWithParameters(pieces["MyDense"](27, 3), twin.dense, dense_back),
    )


def _same(what, got, expected):
    got = np.asarray(got)
    if got.dtype == np.float32:
        hint = "of a loss in float32 no difference is exact enough; compute in the input's dtype"
        fail(f"{what} computes in float32", got="float32", expected="float64", hint=hint)
    hint = "each piece was right alone; is it the one that you kept? Keep it again"
    expect_array(what, got, expected, tolerance=1e-9, hint=hint)


def _compare_trace(model, pieces):
    """Hold every number of the traced picture, forward and back, to TinyCNN's; return a count."""
    twin, x, targets = TinyCNN(), traced_image(), np.array([0])
    for mine, theirs in zip(model, twin, strict=True):
        kind = type(theirs).__name__
        y = theirs.forward(x)
        _same(f"{kind}, forward,", mine.forward(x), y)
        x = y
    _same("my_softmax", pieces["my_softmax"](x), BOOK["my_softmax"](x))
    loss = BOOK["my_cross_entropy"](x, targets)
    _same("my_cross_entropy", pieces["my_cross_entropy"](x, targets), np.array(loss))
    d = BOOK["loss_gradient"](x, targets)
    _same("loss_gradient", pieces["loss_gradient"](x, targets), d)
    for mine, theirs in reversed(list(zip(model, twin, strict=True))):
        kind = type(theirs).__name__
        back, d = mine.backward(d), theirs.backward(d)
        _same(f"{kind}, backward,", back, d)


def _count_gradients(pieces):
    """Return how many of the 114 gradients the numerical gradient confirms."""
    model = _assemble(pieces)
    x, targets = (part[:6] for part in make_dataset_bundle()[:2])  # noisy: no number is exactly 0
    d_logits = pieces["loss_gradient"](model.forward(x), targets)
    model.backward(d_logits)
    confirmed = 0
    for layer in (model[0], model[4]):
        for name in layer.learned:
            array = getattr(layer.layer, name)  # the one that forward computes with
            measured = pieces["central_differences"](
                lambda: pieces["my_cross_entropy"](model.forward(x), targets), array, 1e-6
            )
            confirmed += int(np.isclose(measured, getattr(layer, f"d_{name}"), atol=1e-7).sum())
    return confirmed


def check_my_network(pieces=None):
    """Check the reader's own network: its pieces together, every number, all gradients, training.

    Parameters
    ----------
    pieces : dict of str to function or class, optional
        The reader's pieces by name; by default those in my_cnn.py. For what is missing the book's
        version stands in.

    Raises
    ------
    ExerciseError
        If a piece is not right, or the network of all of them is not.
    """
    if pieces is None:
        pieces = read_kept(list(BOOK), BOOK)
    expect_answer("pieces", pieces)
    if not isinstance(pieces, dict) or not set(pieces) <= set(BOOK):
        fail("pieces is not a dict of pieces by name", got=describe(pieces),
             expected=f"some of {', '.join(BOOK)}",
             hint=f"or none: then they are read from {MY_FILE}")  # fmt: skip
    for name, piece in pieces.items():
        with contextlib.redirect_stdout(io.StringIO()):
            PIECES[name][1](piece)
    own = len(pieces)
    together = {
        name: piece if isinstance(piece, type) else _named(name, piece)
        for name, piece in (BOOK | pieces).items()
    }
    model = _assemble(together)
    _compare_trace(model, together)
    print("The traced picture, forward and back: every number as in the book.")
    confirmed, count = _count_gradients(together), TinyCNN().parameter_count
    print(f"Your numerical gradient confirms {confirmed} of {count} gradients.")
    if confirmed < count:
        hint = "central_differences must change the array in place, and put it back"
        fail(f"{count - confirmed} gradients disagree with the differences of the loss", hint=hint)
    right, total = _train(together)
    if right < LEAST * total:
        fail(f"after {EPOCHS} epochs {right} of {total} validation pictures are right",
             expected=f"at least {round(LEAST * total)}",
             hint="each gradient is right; look at one_epoch and momentum_step")  # fmt: skip
    whose = "Yours, from scratch" if own == len(BOOK) else "Yours and the book's"
    whose = whose if own else "The book's, for now"
    print(
        f"{whose}: {own} of {len(BOOK)} pieces, {confirmed} of {count} gradients,\n"
        f"{right} of {total} validation pictures right after {EPOCHS} epochs."
    )


def _train(pieces):
    """Train the network with the reader's loop and step; return what it then gets right."""
    model, optimizer = _assemble(pieces), _MyMomentum(pieces["momentum_step"])
    x, y, x_val, y_val, _ = make_dataset_bundle()
    rng = np.random.default_rng(0)
    for _ in range(EPOCHS):
        pieces["one_epoch"](model, x, y, optimizer, BATCH, rng)
    return int((model.forward(x_val).argmax(axis=1) == y_val).sum()), len(y_val)
