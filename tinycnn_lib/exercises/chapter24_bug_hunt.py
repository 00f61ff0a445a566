"""The three networks of the bug hunt, and its checker."""

import numpy as np

from tinycnn_lib.exercises._answers import expect_answer
from tinycnn_lib.exercises._base import fail, praise
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from tinycnn_lib.models import Sequential
from tinycnn_lib.validation import describe


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
        "B": "the dense layer's own gradients are right, so something between the logits and the "
        "kernels spoils the gradient on its way back: give each layer alone an upstream gradient "
        "of both signs, and compare",
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
