"""Optimizers: each rule by hand, and what they refuse."""

import re

import numpy as np
import pytest
from state import frozen

from tinycnn_lib import (
    SGD,
    Adam,
    Momentum,
    Optimizer,
)

OPTIMIZERS = [lambda: SGD(0.1), lambda: Momentum(0.03), lambda: Adam(0.03)]


def two_steps(optimizer, first=2.0, second=-1.0):
    theta = np.array([1.0])
    seen = []
    for g in (first, second):
        optimizer.step({"theta": theta}, {"theta": np.array([g])})
        seen.append(theta[0])
    return seen


def test_sgd_by_hand():
    assert two_steps(SGD(0.1)) == pytest.approx([0.8, 0.9])


def test_momentum_by_hand():
    # velocity -0.2, then 0.5 * -0.2 + 0.1 = 0.0
    assert two_steps(Momentum(0.1, momentum=0.5)) == pytest.approx([0.8, 0.8])
    assert two_steps(Momentum(0.1, momentum=0)) == pytest.approx(two_steps(SGD(0.1)))


def test_adam_by_hand():
    # a = 0.2, q = 0.004; without their bias 2 and 4: the first step is eta times the sign.
    # then a = 0.9 * 0.2 - 0.1 = 0.08, over 0.19; q = 0.999 * 0.004 + 0.001, over 0.001999.
    step = 0.1 * (0.08 / 0.19) / np.sqrt(0.004996 / 0.001999)
    assert two_steps(Adam(0.1)) == pytest.approx([0.9, 0.9 - step], abs=1e-8)
    for scale in (1e-3, 1e3):
        assert two_steps(Adam(0.1), 2 * scale, -scale) == pytest.approx([0.9, 0.9 - step], abs=1e-5)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_step_is_in_place_and_keeps_dtype(make):
    for dtype in (np.float32, np.float64):
        theta = np.ones((2, 3), dtype=dtype)
        g = np.full((2, 3), 0.5, dtype=dtype)
        optimizer = make()
        parameters = {"theta": theta}
        for _ in range(2):
            optimizer.step(parameters, {"theta": g})
        assert parameters["theta"] is theta
        assert theta.dtype == dtype
        assert (theta < 1).all()
        assert (g == 0.5).all()


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_parameters_do_not_share_memory_of_the_optimizer(make):
    optimizer, alone = make(), make()
    parameters = {"a": np.ones(2), "b": np.ones(2)}
    single = {"a": np.ones(2)}
    for _ in range(3):
        optimizer.step(parameters, {"a": np.array([1.0, -2.0]), "b": np.array([5.0, 0.5])})
        alone.step(single, {"a": np.array([1.0, -2.0])})
    np.testing.assert_array_equal(parameters["a"], single["a"])


A, G = np.ones((2, 3)), np.ones((2, 3))
READ_ONLY = np.ones((2, 3))
READ_ONLY.flags.writeable = False
BAD_STEPS = {
    "no dict": (A, {"a": G}, TypeError, "parameters: expected a dict"),
    "no parameters": ({}, {}, ValueError, "parameters: expected at least one array"),
    "a list": ({"a": [1.0]}, {"a": G}, TypeError, "parameters['a']: expected an array of float"),
    "integers": ({"a": np.ones(3, np.int64)}, {"a": G}, TypeError, "dtype int64"),
    "read-only": ({"a": READ_ONLY}, {"a": G}, TypeError, "read-only"),
    "gradients no dict": ({"a": A}, [G], TypeError, "gradients: expected a dict"),
    "other names": ({"a": A}, {"b": G}, ValueError, "gradients: expected the names ['a']"),
    "a name too many": ({"a": A}, {"a": G, "b": G}, ValueError, "got [] missing, ['b'] unexpected"),
    "no gradient yet": ({"a": A}, {"a": None}, TypeError, "run model.backward first"),
    "would broadcast": ({"a": A}, {"a": np.ones(3)}, ValueError, "expected shape (2, 3), got (3,)"),
    "second one complex": ({"a": A, "b": A}, {"a": G, "b": 1j * G}, TypeError,
                           "gradients['b']: expected an array of real numbers"),
    "second one words": ({"a": A, "b": A}, {"a": G, "b": np.full((2, 3), "g")}, TypeError,
                         "dtype <U1"),
    "second one wrong": ({"a": A, "b": A}, {"a": G, "b": G[0]}, ValueError, "gradients['b']"),
}  # fmt: skip


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("case", BAD_STEPS)
def test_bad_steps_change_nothing(make, case):
    parameters, gradients, error, message = BAD_STEPS[case]
    optimizer = make()
    before = frozen([parameters, gradients, optimizer])
    with pytest.raises(error, match=re.escape(message)):
        optimizer.step(parameters, gradients)
    assert frozen([parameters, gradients, optimizer]) == before


@pytest.mark.parametrize("make", OPTIMIZERS[1:])
def test_memory_of_another_network_is_refused(make):
    optimizer = make()
    optimizer.step({"a": np.ones(2)}, {"a": np.ones(2)})
    for other in ({"b": np.ones(2)}, {"a": np.ones(3)}):
        before = frozen([other, optimizer])
        with pytest.raises(ValueError, match="has trained another network; make a new one"):
            optimizer.step(other, {name: np.ones_like(v) for name, v in other.items()})
        assert frozen([other, optimizer]) == before


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        *(
            (lambda kind=kind, bad=bad: kind(bad), error, "learning_rate")
            for kind in (SGD, Momentum, Adam)
            for bad, error in (
                (-0.1, ValueError), (float("nan"), ValueError),
                (float("inf"), ValueError), ("0.1", TypeError), (None, TypeError),
                (True, TypeError),
            )
        ),
        (lambda: Momentum(0.1, momentum=1), ValueError, "momentum"),
        (lambda: Momentum(0.1, momentum=-0.1), ValueError, "momentum"),
        (lambda: Momentum(0.1, momentum="0.9"), TypeError, "momentum"),
        (lambda: Adam(0.1, beta1=1), ValueError, "beta1"),
        (lambda: Adam(0.1, beta1=-0.5), ValueError, "beta1"),
        (lambda: Adam(0.1, beta2=-0.5), ValueError, "beta2"),
        (lambda: setattr(Momentum(0.1), "momentum", 5), ValueError, "momentum"),
        (lambda: Adam(0.1, beta2=1.0), ValueError, "beta2"),
        (lambda: Adam(0.1, epsilon=0), ValueError, "epsilon"),
        (lambda: setattr(SGD(0.1), "learning_rate", -1), ValueError, "learning_rate"),
    ],
)  # fmt: skip
def test_bad_settings(make, error, name):
    with pytest.raises(error, match=f"^{name}: expected"):
        make()


def test_an_optimizer_without_step_says_so():
    with pytest.raises(NotImplementedError, match="Optimizer has no step"):
        Optimizer(0.1).step({"a": np.ones(1)}, {"a": np.ones(1)})
