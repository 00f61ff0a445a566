"""Three optimizers, each one rule for one step.

An optimizer changes parameters in place. `step(parameters, gradients)` takes two dicts with the
same names, as `model.parameters()` and `model.gradients()` give them.
"""

import math

import numpy as np

from tinycnn_lib import validation as check


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

    _learning_rate = math.nan  # of an optimizer whose own __init__ does not call this one

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
