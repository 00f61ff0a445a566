"""Optimizers, fit, and weights in files."""

import copy
import io
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from test_bad_input import frozen

from tinycnn_lib import (
    SGD,
    Adam,
    Dense,
    DivergenceError,
    Flatten,
    History,
    Momentum,
    Optimizer,
    ReLU,
    Sequential,
    TinyCNN,
    fit,
    load_weights,
    make_dataset_bundle,
    save_weights,
    softmax_cross_entropy,
)

X, Y, X_VAL, Y_VAL, _ = make_dataset_bundle()
OPTIMIZERS = [lambda: SGD(0.1), lambda: Momentum(0.03), lambda: Adam(0.03)]


def values(model):
    return {name: value.copy() for name, value in model.parameters().items()}


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


# Optimizers: two steps on one number, by hand


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
    "integers": ({"a": np.ones(3, int)}, {"a": G}, TypeError, "dtype int64"),
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


# fit


def settings(**changes):
    return {"optimizer": SGD(0.1), "epochs": 2, "batch_size": 32, "seed": 0} | changes


def test_fit_is_the_loop_written_out():
    model, by_hand = TinyCNN(), TinyCNN()
    history = fit(model, X, Y, X_VAL, Y_VAL, **settings(epochs=2, batch_size=50))
    rng = np.random.default_rng(0)
    losses = [softmax_cross_entropy(by_hand.forward(X), Y)[0]]
    for _ in range(2):
        order = rng.permutation(180)
        for batch in (order[:50], order[50:100], order[100:150], order[150:]):
            by_hand.backward(softmax_cross_entropy(by_hand.forward(X[batch]), Y[batch])[2])
            for name, theta in by_hand.parameters().items():
                theta -= 0.1 * by_hand.gradients()[name]
        losses.append(softmax_cross_entropy(by_hand.forward(X), Y)[0])
    same(values(model), values(by_hand))
    np.testing.assert_allclose(history.train_loss, losses, rtol=1e-12)
    assert history.train_accuracy[-1] == model.evaluate(X, Y)
    assert history.val_accuracy[-1] == model.evaluate(X_VAL, Y_VAL)
    assert history.val_loss[-1] == softmax_cross_entropy(model.forward(X_VAL), Y_VAL)[0]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_fit_learns_the_lines(make):
    model = TinyCNN()
    history = fit(model, X, Y, X_VAL, Y_VAL, **settings(optimizer=make(), epochs=40))
    assert history.val_accuracy[0] == pytest.approx(0.4)
    assert history.val_accuracy[-1] > 0.95
    assert history.train_loss[-1] < 0.3 < 1 < history.train_loss[0]


def test_history_is_plain_lists_with_an_entry_before_the_first_epoch():
    history = fit(TinyCNN(), X, Y, X_VAL, Y_VAL, **settings(epochs=3))
    for kept in (history.train_loss, history.train_accuracy,
                 history.val_loss, history.val_accuracy):  # fmt: skip
        assert type(kept) is list
        assert [type(entry) for entry in kept] == [float] * 4
    assert history.epochs == 3
    assert repr(history) == "History(3 epochs)"
    assert (History().epochs, History().val_loss) == (0, [])
    assert fit(TinyCNN(), X, Y, **settings()).val_loss == []


def test_same_seed_same_weights():
    runs = []
    for seed in (3, 3, np.random.default_rng(3), 4):
        model = TinyCNN()
        fit(model, X, Y, **settings(seed=seed))
        runs.append(values(model))
    same(runs[0], runs[1])
    same(runs[0], runs[2])
    assert not np.array_equal(runs[0]["dense.bias"], runs[3]["dense.bias"])


def test_an_optimizer_goes_on_where_it_ended():
    together, apart = TinyCNN(), TinyCNN()
    fit(together, X, Y, **settings(optimizer=Adam(0.03), epochs=4))
    optimizer, rng = Adam(0.03), np.random.default_rng(0)
    for _ in range(2):
        fit(apart, X, Y, **settings(optimizer=optimizer, epochs=2, seed=rng))
    same(values(together), values(apart))


def test_a_batch_larger_than_the_set_is_the_set():
    runs = []
    for batch_size in (180, 1000):
        model = TinyCNN()
        fit(model, X, Y, **settings(batch_size=batch_size))
        runs.append(values(model))
    same(*runs)


def test_on_epoch_and_stop_when():
    seen = []
    model = TinyCNN()
    history = fit(
        model, X, Y, **settings(epochs=9),
        on_epoch=lambda epoch, m, h: seen.append((epoch, m is model, len(h.train_loss))),
        stop_when=lambda h: h.epochs == 3,
    )  # fmt: skip
    assert seen == [(1, True, 2), (2, True, 3), (3, True, 4)]
    assert history.epochs == 3


@pytest.mark.parametrize("count", [print, lambda *_: None, lambda e, m, h, note="": None])
def test_every_function_that_takes_three_arguments_is_an_on_epoch(count, capsys):
    assert fit(TinyCNN(), X, Y, **settings(epochs=1), on_epoch=count).epochs == 1


def test_on_epoch_may_set_the_learning_rate():
    optimizer, model, by_hand = SGD(0.1), TinyCNN(), TinyCNN()
    fit(model, X, Y, **settings(optimizer=optimizer, epochs=2),
        on_epoch=lambda *_: setattr(optimizer, "learning_rate", 0.01))  # fmt: skip
    rng = np.random.default_rng(0)
    for rate in (0.1, 0.01):
        fit(by_hand, X, Y, **settings(optimizer=SGD(rate), epochs=1, seed=rng))
    same(values(model), values(by_hand))


def test_fit_asks_for_no_image_gradient():
    asked = []
    model = TinyCNN()
    original = model.conv.backward
    model.conv.backward = lambda d, **options: (asked.append(options), original(d, **options))[1]
    fit(model, X, Y, **settings(epochs=1, batch_size=180))
    assert asked == [{"input_gradient": False}]


def test_a_dead_network_still_trains_its_biases():
    model = TinyCNN()
    model.conv.weights[...] = -1
    fit(model, X, Y, **settings(epochs=30))
    logits = model.forward(X)
    np.testing.assert_array_equal(logits, np.broadcast_to(logits[0], logits.shape))
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(shares, np.bincount(Y) / len(Y), atol=0.05)


def test_progress_bar_only_on_request(capsys):
    fit(TinyCNN(), X, Y, **settings(epochs=3))
    assert capsys.readouterr() == ("", "")
    fit(TinyCNN(), X, Y, **settings(epochs=3), progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err


def test_tqdm_is_loaded_only_for_a_bar():
    code = """
import sys
import threading
import time
from tinycnn_lib import SGD, TinyCNN, fit, make_dataset_bundle
x, y, *_ = make_dataset_bundle(2, 1)
for progress in (False, True):
    fit(TinyCNN(), x, y, optimizer=SGD(0.1), epochs=1, batch_size=2, seed=0, progress=progress)
    print("tqdm" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam])
def test_divergence_names_the_rate_and_gives_the_model_back(kind):
    model, optimizer = TinyCNN(), kind(0.03)
    fit(model, X, Y, **settings(optimizer=optimizer))
    before, memory, arrays = values(model), frozen(optimizer), model.parameters()
    optimizer.learning_rate = 1e200
    changed = frozen(optimizer)
    with pytest.raises(DivergenceError) as caught:
        fit(model, X, Y, **settings(optimizer=optimizer, epochs=50))
    message = str(caught.value)
    assert f"training with {kind.__name__}(learning_rate=1e+200" in message
    assert ") diverged in epoch 1: " in message
    assert "Try a smaller learning rate, for example 0.1" in message
    same(values(model), before)
    for name, array in model.parameters().items():
        assert array is arrays[name]
    assert frozen(optimizer) == changed != memory
    assert caught.value.history.epochs == 0
    optimizer.learning_rate = 0.03
    assert np.isfinite(fit(model, X, Y, **settings(optimizer=optimizer)).train_loss).all()


def test_divergence_under_an_optimizer_that_never_set_a_rate():
    class Exploding(Optimizer):
        def __init__(self):
            """Forgets super().__init__(learning_rate)."""

        def step(self, parameters, gradients):
            for theta in parameters.values():
                theta += np.inf

    model = TinyCNN()
    before = values(model)
    with pytest.raises(DivergenceError, match=r"Exploding\(\) diverged"):
        fit(model, X, Y, **settings(optimizer=Exploding()))
    same(values(model), before)


def test_a_harmless_overflow_in_a_layer_of_ones_own_is_no_divergence():
    class Sigmoid:
        def forward(self, x):
            self.y = 1 / (1 + np.exp(-x))
            return self.y

        def backward(self, d_output):
            return d_output * self.y * (1 - self.y)

    dense = Dense(64, 3)
    dense.bias[:] = -800  # exp(800) overflows, and 1 / inf is the 0 that it should be
    model = Sequential(Flatten(), dense, Sigmoid(), Dense(3, 3, seed=1))
    with np.errstate(over="ignore"):
        history = fit(model, X, Y, **settings())
    assert np.isfinite(history.train_loss).all()


def test_an_array_put_in_place_is_trained_and_given_back():
    model, optimizer, seen = TinyCNN(), SGD(0.1), []

    def replace(epoch, model, history):
        model.conv.weights = model.conv.weights.copy()
        seen.append(model.conv.weights.copy())
        if epoch == 3:
            optimizer.learning_rate = 1e250

    before = values(model)
    with pytest.raises(DivergenceError):
        fit(model, X, Y, **settings(optimizer=optimizer, epochs=9), on_epoch=replace)
    assert (seen[0] != seen[1]).any()
    assert (seen[1] != seen[2]).any()
    same(values(model), before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupted_fit_leaves_its_history_in_the_model(error):
    model = TinyCNN()

    def interrupt(epoch, model, history):
        if epoch == 2:
            raise error

    with pytest.raises(error) as caught:
        fit(model, X, Y, **settings(epochs=9), on_epoch=interrupt)
    assert model.history.epochs == 2
    assert model.history.train_accuracy[-1] == model.evaluate(X, Y)
    assert "model.history" in caught.value.__notes__[0]


@pytest.mark.parametrize("make", OPTIMIZERS[1:])
def test_an_optimizer_with_a_memory_trains_one_network(make):
    optimizer, first, second = make(), TinyCNN(seed=0), TinyCNN(seed=1)
    fit(first, X, Y, **settings(optimizer=optimizer))
    with pytest.raises(ValueError, match="make a new one for each network"):
        fit(second, X, Y, **settings(optimizer=optimizer))
    fit(first, X, Y, **settings(optimizer=optimizer))
    for copied in (copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))):
        fit(second, X, Y, **settings(optimizer=copied(optimizer)))  # a copy is free


def test_an_optimizer_that_holds_what_cannot_be_copied():
    class Locked(SGD):
        def __init__(self, model):
            super().__init__(0.1)
            self.lock, self.model = threading.Lock(), model

    model = TinyCNN()
    optimizer = Locked(model)
    fit(model, X, Y, **settings(optimizer=optimizer))
    optimizer.learning_rate = 1e250
    with pytest.raises(DivergenceError):
        fit(model, X, Y, **settings(optimizer=optimizer))
    assert optimizer.model is model


def test_an_epoch_sends_the_images_through_twice():
    """Once to learn, once to measure; before the first epoch once more, and one to be asked."""
    rows = []

    class Counting(Flatten):
        def forward(self, x):
            rows.append(len(x))
            return super().forward(x)

    counts = []
    for epochs in (1, 2):
        rows.clear()
        model = Sequential(Counting(), Dense(64, 3))
        fit(model, X, Y, **settings(epochs=epochs))
        counts.append(sum(rows))
    assert counts == [1 + 180 + 360, 1 + 180 + 2 * 360]


def test_measuring_leaves_alone_what_the_layers_keep():
    model = TinyCNN()
    logits = model.forward(X[:5])
    expected = model.backward(np.ones_like(logits))
    model.predict(X)
    model.evaluate(X_VAL, Y_VAL)
    np.testing.assert_array_equal(model.backward(np.ones_like(logits)), expected)


def test_divergence_in_a_later_epoch():
    model, optimizer = TinyCNN(), SGD(0.1)
    before = values(model)

    def explode(epoch, model, history):
        if epoch == 2:
            optimizer.learning_rate = 1e250

    with pytest.raises(DivergenceError, match=r"1e\+250\) diverged in epoch 3") as caught:
        fit(model, X, Y, **settings(optimizer=optimizer, epochs=9), on_epoch=explode)
    assert caught.value.history.epochs == 2
    assert optimizer.learning_rate == 0.1
    same(values(model), before)


def test_a_diverging_linear_network_is_noticed_too():
    """Without ReLU no guard stands between the layers; NaN parameters must not pass."""
    model = Sequential(Flatten(), Dense(64, 8), Dense(8, 3))
    with pytest.raises(DivergenceError):
        fit(model, X, Y, **settings(optimizer=SGD(1e200), epochs=5))
    assert all(np.isfinite(v).all() for v in model.parameters().values())


NAN_IMAGES = X.copy()
NAN_IMAGES[3, 0, 2, 1] = np.nan
BAD_FITS = {
    "a layer": ({"model": Dense(64, 3)}, TypeError, "model: expected a Sequential"),
    "a class": ({"model": TinyCNN}, TypeError, "model: expected a Sequential"),
    "nothing to learn": ({"model": Sequential(Flatten(), ReLU())}, ValueError,
                         "model.parameters(): expected at least one array"),
    "x None": ({"x": None}, TypeError, "x: expected"),
    "x without channel": ({"x": X[:, 0]}, ValueError, "x: expected shape (N, C, H, W)"),
    "x flattened": ({"x": X.reshape(180, 64)}, ValueError,
                    "got (180, 64); for flattened images pass x.reshape(-1, 1, 8, 8)"),
    "x not finite": ({"x": NAN_IMAGES}, ValueError, "x: expected finite numbers, got nan"),
    "x empty": ({"x": X[:0], "y": Y[:0]}, ValueError, "x: expected at least one entry"),
    "labels too few": ({"y": Y[:-1]}, ValueError, "y: expected one label per row, shape (180,)"),
    "labels float": ({"y": Y.astype(float)}, TypeError, "y: expected integer class labels"),
    "label out of range": ({"y": Y + 1}, ValueError, "y: expected labels from 0 to 2, got 3"),
    "one-hot": ({"y": np.eye(3, dtype=int)[Y]}, ValueError, "one label per row"),
    "labels ragged": ({"y": [[1], [1, 2]]}, ValueError, "rows of different lengths"),
    "no validation labels": ({"x_val": X_VAL}, ValueError, "y_val: expected images and labels"),
    "no validation images": ({"y_val": Y_VAL}, ValueError, "x_val: expected images and labels"),
    "validation size": ({"x_val": X_VAL[..., 1:], "y_val": Y_VAL}, ValueError,
                        "x_val: expected images as in x, (1, 8, 8), got (1, 8, 7)"),
    "validation flattened": ({"x_val": X_VAL.reshape(90, 64), "y_val": Y_VAL}, ValueError,
                             "got (64,); pass x_val.reshape(-1, 1, 8, 8)"),
    "validation labels": ({"x_val": X_VAL, "y_val": Y}, ValueError, "y_val: expected one label"),
    "optimizer a class": ({"optimizer": SGD}, TypeError, "optimizer: expected an optimizer"),
    "optimizer a name": ({"optimizer": "adam"}, TypeError, "optimizer: expected an optimizer"),
    "optimizer a rate": ({"optimizer": 0.1}, TypeError, "optimizer: expected an optimizer"),
    "epochs 0": ({"epochs": 0}, ValueError, "epochs: expected an integer of at least 1"),
    "epochs float": ({"epochs": 2.0}, TypeError, "epochs: expected an integer"),
    "batch 0": ({"batch_size": 0}, ValueError, "batch_size: expected an integer of at least 1"),
    "batch None": ({"batch_size": None}, TypeError, "batch_size: expected an integer"),
    "seed negative": ({"seed": -1}, ValueError, "seed: expected an integer of at least 0"),
    "seed None": ({"seed": None}, TypeError, "seed: expected an integer"),
    "on_epoch": ({"on_epoch": 3}, TypeError, "on_epoch: expected a function"),
    "stop_when": ({"stop_when": True}, TypeError, "stop_when: expected a function"),
    "on_epoch without arguments": ({"on_epoch": lambda: None}, TypeError,
                                   "on_epoch: expected a function (epoch, model, history), got "
                                   "one that takes (); write def on_epoch(epoch, model, history):"),
    "stop_when with two": ({"stop_when": lambda history, epoch: True}, TypeError,
                           "got one that takes (history, epoch); write def stop_when(history):"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_fits_change_nothing(case):
    changes, error, message = BAD_FITS[case]
    model = TinyCNN()
    model.forward(X_VAL[:3])
    arguments = {"model": model, "x": X, "y": Y, **settings(optimizer=Momentum(0.1))} | changes
    before = frozen([model, arguments])
    with pytest.raises(error, match=re.escape(message)):
        fit(**arguments)
    assert frozen([model, arguments]) == before


# Weights in files


def trained():
    model = TinyCNN(seed=1)
    fit(model, X, Y, **settings(optimizer=Adam(0.03), epochs=5))
    return model


def test_saved_and_loaded_weights_give_the_same_logits(tmp_path):
    model, other = trained(), TinyCNN(seed=9)
    arrays = other.parameters()
    save_weights(tmp_path / "weights.npz", model)
    load_weights(str(tmp_path / "weights.npz"), other)
    same(values(model), values(other))
    np.testing.assert_array_equal(model.forward(X_VAL), other.forward(X_VAL))
    for name, array in other.parameters().items():
        assert array is arrays[name]
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        assert file.files == list(model.parameters())


def test_weights_in_single_precision_are_loaded_into_double(tmp_path):
    model, other = trained(), TinyCNN(seed=9)
    model.conv.weights = model.conv.weights.astype(np.float32)
    save_weights(tmp_path / "weights.npz", model)
    load_weights(tmp_path / "weights.npz", other)
    assert other.conv.weights.dtype == np.float64
    np.testing.assert_array_equal(other.conv.weights, model.conv.weights)


@pytest.mark.skipif(os.name != "posix", reason="links and permissions are those of POSIX")
def test_a_save_goes_through_a_link_and_keeps_who_may_read(tmp_path):
    target, link = tmp_path / "mine.npz", tmp_path / "link.npz"
    save_weights(target, TinyCNN(seed=9))
    target.chmod(0o600)
    link.symlink_to(target)
    save_weights(link, trained())
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    other = TinyCNN(seed=9)
    load_weights(target, other)
    same(values(trained()), values(other))


def test_a_refused_save_keeps_the_old_file(tmp_path):
    path, model = tmp_path / "weights.npz", trained()
    save_weights(path, model)
    kept = path.read_bytes()
    model.dense.bias[1] = np.nan
    with pytest.raises(ValueError, match=r"dense\.bias: expected finite numbers, got nan"):
        save_weights(path, model)
    assert path.read_bytes() == kept
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


def test_a_save_writes_to_no_file_of_the_reader(tmp_path):
    """Every file of the folder stays, whatever name the unfinished one might have had."""
    others = [tmp_path / f"{stem}{end}" for stem in ("weights.unfinished", "weights", ".weights")
              for end in (".npz", ".npz.tmp", ".tmp", ".npy", "")]  # fmt: skip
    others.remove(tmp_path / "weights.npz")
    for other in others:
        other.write_bytes(b"mine")
    save_weights(tmp_path / "weights.npz", trained())
    assert all(other.read_bytes() == b"mine" for other in others)
    assert len(list(tmp_path.iterdir())) == len(others) + 1


def test_a_save_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path, model = tmp_path / "weights.npz", trained()
    save_weights(path, model)
    kept = path.read_bytes()

    def full_disk(file, **arrays):
        Path(file).write_bytes(b"PK, the first half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_weights(path, model)
    assert path.read_bytes() == kept
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_saved_file_can_be_read_by_whom_the_folder_allows(tmp_path):
    """A temporary file is its owner's alone; a file of weights is a file like any other."""
    save_weights(tmp_path / "weights.npz", trained())
    (tmp_path / "plain").touch()
    assert (tmp_path / "weights.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def altered(**changes):
    return npz(**{name.replace("__", "."): v for name, v in
                  (values_by_key() | changes).items() if v is not None})  # fmt: skip


def values_by_key():
    return {name.replace(".", "__"): value for name, value in values(TinyCNN(seed=1)).items()}


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def one_array():
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    return buffer.getvalue()


def compressed_and_damaged():
    """One byte of the compressed numbers is changed: zlib notices, or the checksum."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **values(TinyCNN(seed=1)))
    data = bytearray(buffer.getvalue())
    data[100] ^= 0xFF
    return bytes(data)


def with_header_bytes(offset, value):
    """Set two bytes of every entry of the archive's directory."""
    data = bytearray(altered())
    for entry in re.finditer(rb"PK\x01\x02", bytes(data)):
        data[entry.start() + offset : entry.start() + offset + 2] = value.to_bytes(2, "little")
    return bytes(data)


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


WRONG = np.full((27, 3), np.nan)
BAD_FILES = {
    "text": (lambda: b"not weights", ValueError, "expected an .npz file of plain arrays"),
    "nothing": (lambda: b"", ValueError, "expected an .npz file of plain arrays"),
    "an .npy": (one_array, ValueError, "expected an .npz file of plain arrays"),
    "cut off": (lambda: altered()[:-200], ValueError, "expected an .npz file of plain arrays"),
    "damaged": (lambda: altered().replace(b"NUMPY", b"NVMPY"), ValueError, "file"),
    "damaged and compressed": (compressed_and_damaged, ValueError, "cannot be read as one"),
    "unknown compression": (lambda: with_header_bytes(10, 99), ValueError, "compression method"),
    "encrypted": (lambda: with_header_bytes(8, 1), ValueError, "encrypted"),
    "zip of texts": (lambda: zipped(a=b"1"), ValueError, "expected the names"),
    "a pickle": (lambda: pickle.dumps(Harmful()), ValueError, "expected an .npz file"),
    "pickled objects": (lambda: altered(dense__bias=np.array([Harmful()], dtype=object)),
                        ValueError, "expected an .npz file of plain arrays"),
    "a name missing": (lambda: altered(dense__bias=None), ValueError, "expected the names"),
    "a name too many": (lambda: altered(extra=np.ones(1)), ValueError, "expected the names"),
    "no names": (lambda: npz(), ValueError, "expected the names"),
    "transposed": (lambda: altered(dense__weights=np.ones((3, 27))), ValueError,
                   "file['dense.weights']: expected shape (27, 3), got (3, 27)"),
    "would broadcast": (lambda: altered(conv2d__bias=np.ones(1)), ValueError, "got (1,)"),
    "integers": (lambda: altered(dense__bias=np.ones(3, int)), TypeError,
                 "file['dense.bias']: expected an array of floating dtype, got int64"),
    "complex": (lambda: altered(dense__bias=np.ones(3, complex)), TypeError,
                "file['dense.bias']: expected an array of real numbers"),
    "not finite": (lambda: altered(dense__weights=WRONG), ValueError, "finite numbers, got nan"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_change_nothing(case, tmp_path):
    make, error, message = BAD_FILES[case]
    path = tmp_path / "weights.npz"
    path.write_bytes(make())
    model = TinyCNN()
    before = frozen(model)
    with pytest.raises(error, match=re.escape(message)):
        load_weights(path, model)
    assert frozen(model) == before


@pytest.mark.parametrize("call", [save_weights, load_weights])
def test_bad_arguments_of_the_file_functions(call, tmp_path):
    good = tmp_path / "weights.npz"
    for path, model, error, message in (
        (None, TinyCNN(), TypeError, "path: expected a file name"),
        (TinyCNN(), good, TypeError, "path: expected a file name"),
        (tmp_path / "weights.npy", TinyCNN(), ValueError, "that ends in .npz, got"),
        (tmp_path / "weights", TinyCNN(), ValueError, "that ends in .npz, got"),
        (good, Dense(2, 2), TypeError, "model: expected a Sequential"),
        (good, Sequential(ReLU()), ValueError, "expected at least one array"),
        (tmp_path / "missing" / "w.npz", TinyCNN(), FileNotFoundError, "missing/w.npz'"),
    ):
        with pytest.raises(error, match=re.escape(message)):
            call(path, model)
    assert list(tmp_path.iterdir()) == []


def test_the_training_run_of_chapter_24_takes_under_two_seconds():
    """In processor time, which a busy machine does not change; it measured 0.1 s."""
    start = time.process_time()
    history = fit(TinyCNN(), X, Y, X_VAL, Y_VAL, **settings(epochs=40))
    assert time.process_time() - start < 2
    assert history.val_accuracy[-1] == 1
