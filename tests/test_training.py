"""fit: the loop written out, what it keeps, and what it refuses."""

import copy
import pickle
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from state import frozen, same, values

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
    make_dataset_bundle,
    softmax_cross_entropy,
)

X, Y, X_VAL, Y_VAL, _ = make_dataset_bundle()
OPTIMIZERS = [lambda: SGD(0.1), lambda: Momentum(0.03), lambda: Adam(0.03)]


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
    "validation a number": ({"x_val": 3.0, "y_val": [0]}, ValueError,
                            "x_val: expected images as in x, (1, 8, 8), got ()"),
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


def test_the_training_run_of_chapter_24_takes_under_two_seconds():
    """In processor time, which a busy machine does not change; it measured 0.1 s."""
    start = time.process_time()
    history = fit(TinyCNN(), X, Y, X_VAL, Y_VAL, **settings(epochs=40))
    assert time.process_time() - start < 2
    assert history.val_accuracy[-1] == 1
