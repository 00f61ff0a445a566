"""Training: `fit`, the loop around an optimizer's steps, and the History that it returns."""

import copy

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.losses import softmax_cross_entropy
from tinycnn_lib.models import Sequential
from tinycnn_lib.optimizers import SGD, Adam, Momentum, Optimizer

__all__ = ["SGD", "Adam", "DivergenceError", "History", "Momentum", "Optimizer", "fit"]


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

    def _measure(self, model, x, y, x_val, y_val):
        """Append what `model` now achieves."""
        for split, images, labels in (("train", x, y), ("val", x_val, y_val)):
            if images is not None:
                logits = model.forward(images)
                loss, _, _ = softmax_cross_entropy(logits, labels)
                getattr(self, f"{split}_loss").append(loss)
                accuracy = float((logits.argmax(axis=1) == labels).mean())
                getattr(self, f"{split}_accuracy").append(accuracy)

    def __repr__(self):
        """Return the number of epochs; the lists are too long to show."""
        return f"History({self.epochs} epochs)"


def _epochs(count, progress):
    """Return the numbers 1 to `count`, with a progress bar if wanted."""
    if not progress:
        return range(1, count + 1)
    from tqdm import tqdm  # here, so that the library loads without it

    return tqdm(range(1, count + 1), desc="fit", unit="epoch")


def _guarded(name_x, x, name_y, y, model, like=None):
    """Return images and labels that `model` accepts; it runs as a copy, which may still refuse."""
    x = check.float_array(name_x, x)
    if like is not None and x.shape[1:] != like.shape[1:]:
        shape = ", ".join(map(str, (-1, *like.shape[1:])))
        fits = x.ndim > 0 and x[0].size == like[0].size
        hint = f"; pass {name_x}.reshape({shape})" if fits else ""
        raise ValueError(
            f"{name_x}: expected images as in x, {like.shape[1:]}, got {x.shape[1:]}{hint}"
        )
    logits = check.feature_rows("logits", copy.deepcopy(model).forward(x))
    N, K = logits.shape
    return x, check.class_labels(name_y, y, count=N, classes=K)


def fit(
    model, x, y, x_val=None, y_val=None, *, optimizer, epochs, batch_size, seed,
    on_epoch=None, stop_when=None, progress=False,
):  # fmt: skip
    """Train `model` on images `x` with labels `y`, in place.

    Each epoch visits every image once, in mini-batches of a new random order.

    Parameters
    ----------
    model : Sequential
    x, y : array_like
        Training images (N, C, H, W) and their classes (N,).
    x_val, y_val : array_like, optional
        Validation images and classes: measured after each epoch, never learned from.
    optimizer : Optimizer
        It keeps its memory, so a second `fit` with it goes on where the first ended.
    epochs, batch_size : int, at least 1
        The last batch of an epoch holds what is left.
    seed : int
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
    TypeError, ValueError
        If an argument is not as above. Then nothing is changed.
    DivergenceError
        If a number overflows. Then parameters and optimizer are as they were before `fit`.
    """
    check.instance("model", model, Sequential, "a Sequential such as TinyCNN()")
    parameters = check.trainable("model.parameters()", model.parameters())
    x, y = _guarded("x", x, "y", y, model)
    if (x_val is None) != (y_val is None):
        missing = "x_val" if x_val is None else "y_val"
        raise ValueError(f"{missing}: expected images and labels together, got None for it alone")
    if x_val is not None:
        x_val, y_val = _guarded("x_val", x_val, "y_val", y_val, model, like=x)
    check.instance("optimizer", optimizer, Optimizer, "an optimizer such as SGD(learning_rate=0.1)")
    epochs = check.integer("epochs", epochs)
    batch_size = check.integer("batch_size", batch_size)
    rng = check.generator("seed", seed)
    check.function("on_epoch", on_epoch, "a function (epoch, model, history)")
    check.function("stop_when", stop_when, "a function (history) that returns True or False")

    history = History()
    history._measure(model, x, y, x_val, y_val)
    before = {name: value.copy() for name, value in parameters.items()}
    optimizer_before = copy.deepcopy(vars(optimizer))
    for epoch in _epochs(epochs, progress):
        try:
            with np.errstate(over="raise", invalid="raise"):
                order = rng.permutation(len(x))
                for start in range(0, len(x), batch_size):
                    batch = order[start : start + batch_size]
                    _, _, d_logits = softmax_cross_entropy(model.forward(x[batch]), y[batch])
                    model.backward(d_logits, input_gradient=False)
                    optimizer.step(parameters, model.gradients())
                history._measure(model, x, y, x_val, y_val)
        except (FloatingPointError, check.NotFiniteError) as error:
            diverged = repr(optimizer)
            for name, value in parameters.items():
                value[...] = before[name]
            vars(optimizer).clear()
            vars(optimizer).update(optimizer_before)
            stopped = DivergenceError(
                f"training with {diverged} diverged in epoch {epoch}: a number grew beyond what a "
                "float can hold. The model is as it was before fit. Try a smaller learning rate, "
                f"for example {min(optimizer.learning_rate / 10, 0.1):g}"
            )
            stopped.history = history
            raise stopped from error
        if on_epoch is not None:
            on_epoch(epoch, model, history)
        if stop_when is not None and stop_when(history):
            break
    return history
