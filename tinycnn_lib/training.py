"""Training: three optimizers, each one rule for one step, and `fit`, the loop around them.

An optimizer changes parameters in place. `step(parameters, gradients)` takes two dicts with the
same names, as `model.parameters()` and `model.gradients()` give them.
"""

import copy

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.losses import softmax_cross_entropy
from tinycnn_lib.models import Sequential


class DivergenceError(ArithmeticError):
    """Training left the finite numbers; `history` holds the epochs before."""


class Optimizer:
    """What the optimizers share: a learning rate, which may be changed between steps.

    A reader's own optimizer overrides `step`; see `SGD`.

    Parameters
    ----------
    learning_rate : float, positive
        The eta of the formulas.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range; for the learning rate also when it is set later.
    """

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    @property
    def learning_rate(self):
        """The size of a step, positive."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self._learning_rate = check.real("learning_rate", value, low=0, open_low=True)

    def step(self, parameters, gradients):
        """Change `parameters` in place by one step.

        Raises
        ------
        TypeError, ValueError
            If a parameter cannot be changed in place, or `gradients` has other names or shapes.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step")

    @staticmethod
    def _check(parameters, gradients, *states):
        """Guard a step before it changes anything."""
        check.trainable("parameters", parameters)
        check.matching("gradients", gradients, parameters, "run model.backward first")
        for state in states:
            if state:
                advice = "this optimizer has trained another network; make a new one"
                check.matching("the optimizer's memory", state, parameters, advice)

    def __repr__(self):
        """Return the kind and the rate, as in the message of a divergence."""
        return f"{type(self).__name__}(learning_rate={self.learning_rate:g})"


class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient [Robbins and Monro 1951].

    Parameters
    ----------
    learning_rate : float, positive
    """

    def step(self, parameters, gradients):
        """Step theta <- theta - eta g, in place; raise as `Optimizer.step`."""
        self._check(parameters, gradients)
        for name, theta in parameters.items():
            theta -= self.learning_rate * gradients[name]


class Momentum(Optimizer):
    """Gradient descent with a velocity that remembers earlier gradients [Polyak 1964].

    Parameters
    ----------
    learning_rate : float, positive
    momentum : float, 0 to below 1
        The mu: how much of the velocity is kept.
    """

    def __init__(self, learning_rate, momentum=0.9):
        super().__init__(learning_rate)
        self.momentum = check.real("momentum", momentum, low=0, high=np.nextafter(1, 0))
        self.velocity = {}

    def step(self, parameters, gradients):
        """Step nu <- mu nu - eta g, theta <- theta + nu; raise as `Optimizer.step`."""
        self._check(parameters, gradients, self.velocity)
        for name, theta in parameters.items():
            velocity = self.velocity.setdefault(name, np.zeros_like(theta))
            velocity *= self.momentum
            velocity -= self.learning_rate * gradients[name]
            theta += velocity


class Adam(Optimizer):
    """Steps of about the size eta, whatever the gradient's scale [Kingma and Ba 2015].

    Parameters
    ----------
    learning_rate : float, positive
    beta1, beta2 : float, 0 to below 1
        How slowly the running means of g and g^2 forget.
    epsilon : float, positive
        Keeps the division finite.
    """

    def __init__(self, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(learning_rate)
        self.beta1 = check.real("beta1", beta1, low=0, high=np.nextafter(1, 0))
        self.beta2 = check.real("beta2", beta2, low=0, high=np.nextafter(1, 0))
        self.epsilon = check.real("epsilon", epsilon, low=0, open_low=True)
        self.mean, self.square, self.step_count = {}, {}, 0

    def step(self, parameters, gradients):
        """Step theta <- theta - eta a / (sqrt(q) + epsilon); raise as `Optimizer.step`.

        The means start at 0; the divisions that give a and q make up for it.
        """
        self._check(parameters, gradients, self.mean)
        self.step_count += 1
        for name, theta in parameters.items():
            g = gradients[name]
            mean = self.mean.setdefault(name, np.zeros_like(theta))
            square = self.square.setdefault(name, np.zeros_like(theta))
            mean += (1 - self.beta1) * (g - mean)
            square += (1 - self.beta2) * (g * g - square)
            a = mean / (1 - self.beta1**self.step_count)
            q = square / (1 - self.beta2**self.step_count)
            theta -= self.learning_rate * a / (np.sqrt(q) + self.epsilon)


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
