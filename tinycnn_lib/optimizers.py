"""Three optimizers, each one rule for one step.

An optimizer changes parameters in place. `step(parameters, gradients)` takes two dicts of arrays
with the same names, as `model.parameters()` and `model.gradients()` return them, and refuses all
else with a TypeError or a ValueError before it changes anything. Settings out of their range are
refused likewise.
"""

import functools
from typing import ClassVar

import numpy as np

from tinycnn_lib import validation as check

AT_LEAST_0 = {"low": 0}
BELOW_1 = {"low": 0, "high": 1, "open_high": True}
POSITIVE = {"low": 0, "open_low": True}


def matching_arrays(body):
    """Decorate `step`: the body sees only parameters and finite gradients that fit each other."""

    @functools.wraps(body)
    def step(optimizer, parameters, gradients):
        check.trainable("parameters", parameters)
        check.matching("gradients", gradients, parameters, "run model.backward first")
        for name, gradient in gradients.items():
            check.float_array(f"gradients[{name!r}]", gradient)
        for memory in optimizer.memory():
            advice = "this optimizer has trained another network; make a new one"
            check.matching("the optimizer's memory", memory, parameters, advice)
        body(optimizer, parameters, gradients)

    return step


class Optimizer:
    """What the optimizers share: settings, which may be changed between steps, and a memory.

    A reader's own optimizer overrides `step`; see `SGD`.

    Parameters
    ----------
    learning_rate : float, at least 0
        The eta of the formulas.
    """

    ranges: ClassVar = {"learning_rate": AT_LEAST_0}

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def step(self, parameters, gradients):
        """Change `parameters` in place by one step."""
        raise NotImplementedError(f"{type(self).__name__} has no step")

    def memory(self):
        """Return the dicts of arrays, by parameter, that are kept from step to step."""
        return [value for value in vars(self).values() if isinstance(value, dict) and value]

    def __setattr__(self, name, value):
        """Assign; a setting must lie in its range, also when it is changed later."""
        if name in self.ranges:
            value = check.real(name, value, **self.ranges[name])
        super().__setattr__(name, value)

    def __getstate__(self):
        """Return what a copy gets: settings and memory, not the network that `fit` noted."""
        return {name: value for name, value in vars(self).items() if name != "network"}

    def __repr__(self):
        """Return the kind and its settings, as one would type them."""
        settings = {name: vars(self)[name] for name in self.ranges if name in vars(self)}
        shown = ", ".join(f"{name}={value:g}" for name, value in settings.items())
        return f"{type(self).__name__}({shown})"


class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient [Robbins and Monro 1951].

    Parameters
    ----------
    learning_rate : float, at least 0
    """

    @matching_arrays
    def step(self, parameters, gradients):
        """Step theta <- theta - eta g, in place."""
        for name, theta in parameters.items():
            theta -= self.learning_rate * gradients[name]


class Momentum(Optimizer):
    """Gradient descent with a velocity that remembers earlier gradients [Polyak 1964].

    Parameters
    ----------
    learning_rate : float, at least 0
    momentum : float, 0 to below 1
        The mu: how much of the velocity is kept.
    """

    ranges: ClassVar = {**Optimizer.ranges, "momentum": BELOW_1}

    def __init__(self, learning_rate, momentum=0.9):
        super().__init__(learning_rate)
        self.momentum = momentum
        self.velocity = {}

    @matching_arrays
    def step(self, parameters, gradients):
        """Step nu <- mu nu - eta g, theta <- theta + nu, in place."""
        for name, theta in parameters.items():
            velocity = self.velocity.setdefault(name, np.zeros_like(theta))
            velocity *= self.momentum
            velocity -= self.learning_rate * gradients[name]
            theta += velocity


class Adam(Optimizer):
    """Steps of about the size eta, whatever the gradient's scale [Kingma and Ba 2015].

    Parameters
    ----------
    learning_rate : float, at least 0
    beta1, beta2 : float, 0 to below 1
        How slowly the running means m of g and v of g^2 forget.
    epsilon : float, positive
        Keeps the division finite.
    """

    ranges: ClassVar = {**Optimizer.ranges, "beta1": BELOW_1, "beta2": BELOW_1, "epsilon": POSITIVE}

    def __init__(self, learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(learning_rate)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.m, self.v, self.step_count = {}, {}, 0

    @matching_arrays
    def step(self, parameters, gradients):
        """Step theta <- theta - eta m_hat / (sqrt(v_hat) + epsilon), in place.

        The means start at 0; the divisions that give m_hat and v_hat make up for it.
        """
        self.step_count += 1
        for name, theta in parameters.items():
            g = gradients[name]
            m = self.m.setdefault(name, np.zeros_like(theta))
            v = self.v.setdefault(name, np.zeros_like(theta))
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g * g - v)
            m_hat = m / (1 - self.beta1**self.step_count)
            v_hat = v / (1 - self.beta2**self.step_count)
            theta -= self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
