"""Training: `fit`, the loop around an optimizer's steps, and the History that it keeps.

Bad arguments raise a TypeError or a ValueError before anything is changed.
"""

import weakref

import numpy as np

from tinycnn_lib import extras
from tinycnn_lib import validation as check
from tinycnn_lib.losses import softmax_cross_entropy
from tinycnn_lib.models import Sequential
from tinycnn_lib.optimizers import Optimizer


class DivergenceError(ArithmeticError):
    """Training left the finite numbers; `history` holds the epochs before."""


class History:
    """Loss and accuracy after each epoch; entry e is after e epochs, entry 0 before the first.

    Attributes
    ----------
    train_loss, train_accuracy, val_loss, val_accuracy : list of float
        The last two stay empty without validation images.
    """

    def __init__(self):
        self.train_loss, self.train_accuracy = [], []
        self.val_loss, self.val_accuracy = [], []

    @property
    def epochs(self):
        """Number of epochs so far."""
        return max(len(self.train_loss) - 1, 0)

    def measure(self, model, x, y, x_val=None, y_val=None):
        """Append what `model` now achieves."""
        measured = [(self.train_loss, self.train_accuracy, x, y)]
        if x_val is not None:
            measured.append((self.val_loss, self.val_accuracy, x_val, y_val))
        for losses, accuracies, images, labels in measured:
            logits = model.logits(images)
            losses.append(softmax_cross_entropy(logits, labels)[0])
            accuracies.append(float((logits.argmax(axis=1) == labels).mean()))

    def __repr__(self):
        """Return the number of epochs; the lists are too long to show."""
        return f"History({self.epochs} epochs)"


def train_epoch(model, x, y, optimizer, order, batch_size):
    """Visit every image once, in mini-batches: forward, loss, backward, one step."""
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        _, _, d_logits = softmax_cross_entropy(model.forward(x[batch]), y[batch])
        model.backward(d_logits, input_gradient=False)
        optimizer.step(model.parameters(), model.gradients())


def fit(
    model,
    x,
    y,
    x_val=None,
    y_val=None,
    *,
    optimizer,
    epochs,
    batch_size,
    seed,
    on_epoch=None,
    stop_when=None,
    progress=False,
):
    """Train `model` on images `x` with labels `y`, in place: `train_epoch` and its guards.

    Each epoch visits every image once, in mini-batches of a new random order.

    Parameters
    ----------
    model : Sequential
        `model.history` is the History while `fit` runs, and after it was interrupted.
    x, y : array_like
        Training images (N, C, H, W) and their classes (N,).
    x_val, y_val : array_like, optional
        Validation images and classes: measured after each epoch, never learned from.
    optimizer : Optimizer
        It keeps its memory, so a second `fit` with it goes on where the first ended.
    epochs, batch_size : int, at least 1
        The last batch of an epoch holds what is left.
    seed : int or numpy.random.Generator
        Seed of the one generator that shuffles.
    on_epoch : callable (epoch, model, history), optional
        Called after each epoch, 1 to `epochs`; for example to keep filters for a figure, or to
        set `optimizer.learning_rate` for the next epoch.
    stop_when : callable (history) returning bool, optional
        Asked after each epoch; True ends the training.
    progress : bool
        Show a progress bar.

    Returns
    -------
    History

    Raises
    ------
    DivergenceError
        If a loss or a parameter is no longer finite. Then parameters and optimizer are as they
        were before `fit`.
    """
    x, y, x_val, y_val = _check_data(model, x, y, x_val, y_val)
    epochs, batch_size, rng = _check_settings(
        model, optimizer, epochs, batch_size, seed, on_epoch, stop_when
    )
    before = _state(model, optimizer)
    optimizer.network = weakref.ref(model)
    history = model.history = History()
    history.measure(model, x, y, x_val, y_val)
    for epoch in _epochs(epochs, progress):
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                order = rng.permutation(len(x))
                train_epoch(model, x, y, optimizer, order, batch_size)
                _check_finite(model)
                history.measure(model, x, y, x_val, y_val)
            if on_epoch is not None:
                on_epoch(epoch, model, history)
            if stop_when is not None and stop_when(history):
                break
        except check.NotFiniteError as error:
            raise _diverged(model, optimizer, before, epoch) from error
        except BaseException as error:
            error.add_note(f"fit stopped in epoch {epoch}; model.history holds the epochs before")
            raise
    return history


def _epochs(count, progress):
    """Return the numbers 1 to `count`, with a progress bar if wanted."""
    if not progress:
        return range(1, count + 1)
    with extras.figures():
        from tqdm import tqdm

    return tqdm(range(1, count + 1), desc="fit", unit="epoch")


def _check_data(model, x, y, x_val, y_val):
    """Return images and labels that the model takes."""
    check.instance("model", model, Sequential, "a Sequential such as TinyCNN()")
    check.trainable("model.parameters()", model.parameters())
    x, y = _images_and_labels("x", x, "y", y, model)
    if (x_val is None) != (y_val is None):
        missing = "x_val" if x_val is None else "y_val"
        raise ValueError(f"{missing}: expected images and labels together, got None for it alone")
    if x_val is not None:
        x_val, y_val = _images_and_labels("x_val", x_val, "y_val", y_val, model, like=x)
    return x, y, x_val, y_val


def _images_and_labels(name_x, x, name_y, y, model, like=None):
    """Return images that the model takes, and one class for each."""
    x = check.float_array(name_x, x)
    if like is not None and x.shape[1:] != like.shape[1:]:
        shape = ", ".join(map(str, (-1, *like.shape[1:])))
        fits = x.ndim > 0 and x[0].size == like[0].size
        hint = f"; pass {name_x}.reshape({shape})" if fits else ""
        raise ValueError(
            f"{name_x}: expected images as in x, {like.shape[1:]}, got {x.shape[1:]}{hint}"
        )
    _, K = model.logits(model.guard(x)[:1]).shape  # one image tells how many classes there are
    return x, check.class_labels(name_y, y, count=len(x), classes=K)


def _check_settings(model, optimizer, epochs, batch_size, seed, on_epoch, stop_when):
    """Return epochs, batch size and generator; refuse what `fit` could not run to its end."""
    check.instance("optimizer", optimizer, Optimizer, "an optimizer such as SGD(learning_rate=0.1)")
    network = vars(optimizer).get("network", lambda: model)
    if optimizer.memory() and network() is not model:
        raise ValueError(
            f"optimizer: expected one that has trained no other network, got {optimizer!r} with "
            "the memory of another; make a new one for each network"
        )
    check.function("on_epoch", on_epoch, "epoch", "model", "history")
    check.function("stop_when", stop_when, "history")
    epochs = check.integer("epochs", epochs)
    batch_size = check.integer("batch_size", batch_size)
    rng = check.generator("seed", seed)
    return epochs, batch_size, rng


def _check_finite(model):
    """Raise NotFiniteError if a parameter is no longer a finite number."""
    for name, value in model.parameters().items():
        check.float_array(name, value)


def _state(model, optimizer):
    """Return copies of the model's parameters and of the optimizer's settings and memory."""
    parameters = {name: value.copy() for name, value in model.parameters().items()}
    kept = {
        key: {name: np.copy(array) for name, array in value.items()}
        if isinstance(value, dict)
        else value
        for key, value in vars(optimizer).items()
    }
    return parameters, kept


def _diverged(model, optimizer, before, epoch):
    """Give model and optimizer back what they were, and return the error that says so."""
    text = repr(optimizer)
    parameters, optimizer_before = before
    for name, value in model.parameters().items():
        value[...] = parameters[name]
    vars(optimizer).clear()
    vars(optimizer).update(optimizer_before)
    rate = vars(optimizer).get("learning_rate", 1.0)
    error = DivergenceError(
        f"training with {text} diverged in epoch {epoch}: a number grew beyond what a float can "
        "hold. The model is as it was before fit. Try a smaller learning rate, for example "
        f"{min(rate / 10, 0.1):g}"
    )
    error.history = model.history
    return error
