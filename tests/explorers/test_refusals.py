"""Bad input to the figures: a clear error that names the argument, and no figure."""

import numpy as np
import pytest

from tinycnn_lib import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    TinyCNN,
    make_dataset_bundle,
)
from tinycnn_lib.explorers import (
    RunRecorder,
    explore_convolution,
    explore_drawing,
    explore_gradient,
    explore_network,
    replay_training,
)


def broken(value, layer, part):
    model = TinyCNN()
    getattr(getattr(model, layer), part).flat[0] = value
    return model


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"image": np.zeros((2, 8))},
            r"from 3 to 10, got shape \(2, 8\); add rows or columns",
        ),
        ({"image": np.zeros((11, 11))}, r"image: .*pass a part of it, for example image\[:10"),
        ({"image": np.zeros((1, 1, 8, 8))}, r"image: expected shape \(H, W\).*image\[0, 0\]"),
        ({"image": np.full((4, 4), np.nan)}, "image: expected finite numbers, got nan"),
        ({"image": np.full((4, 4), 100)}, "image: expected numbers from -99 to 99"),
        ({"kernel": np.zeros((2, 3))}, "kernel: expected as many rows as columns"),
        ({"kernel": np.zeros((6, 6))}, "kernel: expected sides from 1 to 5"),
        ({"kernel": [["a"]]}, "kernel: expected an array of real numbers"),
        ({"image": np.zeros((3, 9)), "kernel": np.zeros((5, 5))}, "kernel: expected at most the i"),
    ],
)
def test_explore_convolution(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        explore_convolution(**arguments)


@pytest.mark.parametrize("explore", [explore_network, explore_gradient, explore_drawing])
@pytest.mark.parametrize(
    ("model", "image", "message"),
    [
        ("TinyCNN", None, "model: expected the layers Conv2D, ReLU.*got str.*TinyCNN"),
        (Sequential(Flatten(), Dense(64, 3)), None, r"model: .*\['Flatten', 'Dense'\]"),
        (broken(np.nan, "conv", "weights"), None, "model's conv weights: expected finite"),
        (broken(np.inf, "conv", "bias"), None, "model's conv bias: expected finite"),
        (broken(-np.inf, "dense", "weights"), None, "model's dense weights: expected finite"),
        (broken(np.nan, "dense", "bias"), None, "model's dense bias: expected finite"),
        ({}, None, "model: expected at least one model"),
        (TinyCNN(), np.zeros((6, 6)), "image: .*got shape .6, 6., which gives 12"),
        (TinyCNN(), np.zeros((2, 1, 8, 8)), r"image: .*from a batch x take one by x\[:1\]"),
        (TinyCNN(), np.full((8, 8), 1.01), "image: expected gray levels from 0 to 1"),
        (TinyCNN(), np.full((8, 8), np.nan), "image: expected finite"),
        (TinyCNN(), "picture", "image: expected an array of real numbers"),
    ],
)
def test_explore_network_and_gradient(explore, model, image, message):
    with pytest.raises((TypeError, ValueError), match=message):
        explore(model, image)


@pytest.mark.parametrize("explore", [explore_network, explore_drawing])
def test_a_label_is_the_index_of_a_class(explore):
    with pytest.raises(ValueError, match="label: expected a class index from 0 to 2, got 3"):
        explore(TinyCNN(), label=3)


def test_models_of_two_shapes_or_too_many_filters_are_refused():
    small = Sequential(Conv2D(1, 2, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(18, 3))
    with pytest.raises(ValueError, match="model: expected models of one shape"):
        explore_network({"a": TinyCNN(), "b": small})
    large = Sequential(Conv2D(1, 7, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(63, 3))
    with pytest.raises(ValueError, match="at most 6 out_channels of Conv2D in a figure, got 7"):
        explore_network(large)


def test_another_image_size_that_gives_27_numbers_is_no_error():
    explore_network(TinyCNN(), np.zeros((9, 9)))


@pytest.mark.parametrize("names", [["a", "b"], ["a", "a", "b"]])
def test_class_names_that_do_not_fit(names):
    with pytest.raises(ValueError, match="class_names: expected 3 different names"):
        explore_network(TinyCNN(), class_names=names)


@pytest.mark.parametrize("target", [3, -1, "vertical", 1.0, True])
def test_target_that_is_no_class(target):
    with pytest.raises((TypeError, ValueError), match="target: expected"):
        explore_gradient(TinyCNN(), target=target)


def recorded(epochs=2, name="run", val_per_class=5):
    data = make_dataset_bundle(train_per_class=5, val_per_class=val_per_class)
    recorder = RunRecorder(name, *data[:4])
    for epoch in range(epochs):
        recorder(epoch, TinyCNN(epoch))
    return recorder.run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: run.pop("kernels"), r"runs\[0\]: expected the keys .*missing \['kernels'\]"),
        (lambda run: run["train_loss"].pop(), r"runs\[0\]\['train_loss'\]: expected 2 numbers"),
        (lambda run: run["wrong"].pop(), "one list of wrong images for each of 2 epochs"),
        (lambda run: run.update(labels=[0]), r"runs\[0\]\['labels'\]: expected one label per"),
        (lambda run: run.update(labels=[-1] * 15), r"runs\[0\]\['labels'\]: expected"),
        (lambda run: run.update(train_count=0), r"runs\[0\]\['train_count'\]: expected"),
        (lambda run: run.update(train_count=None), r"runs\[0\]\['train_count'\]: expected"),
        (
            lambda run: run["train_loss"].__setitem__(0, -5.0),
            r"runs\[0\]\['train_loss'\]: expected numbers from 0 to inf, got -5",
        ),
        (
            lambda run: run["validation_right"].__setitem__(0, 999),
            r"runs\[0\]\['validation_right'\]: expected numbers from 0 to 15, got .* to 999",
        ),
        (
            lambda run: run["wrong"].__setitem__(1, [[99, 0]]),
            r"runs\[0\]\['wrong'\]\[1\]: expected pairs .* below 15, got \[\[99, 0\]\]",
        ),
        (lambda run: run["wrong"].__setitem__(1, [[0, -1]]), r"\['wrong'\]\[1\]: expected pairs"),
        (lambda run: run["wrong"].__setitem__(1, [1, 2]), r"\['wrong'\]\[1\]: expected pairs"),
        (lambda run: run.update(wrong=None), r"\['wrong'\]: expected one list"),
        (
            lambda run: run["validation_loss"].__setitem__(1, np.inf),
            r"runs\[0\]\['validation_loss'\]: expected finite numbers, got inf",
        ),
        (lambda run: run["kernels"][0].fill(np.nan), r"runs\[0\]\['kernels'\]: expected finite"),
        (lambda run: run.update(images=run["images"] + 1), "expected gray levels from 0 to 1"),
        (lambda run: run.update(images=run["images"][0]), r"expected shape \(n, H, W\)"),
    ],
)
def test_replay_training(change, message):
    run = recorded()
    change(run)
    with pytest.raises((TypeError, ValueError), match=message):
        replay_training([run])


def test_replay_of_nothing_of_too_many_or_of_different_images():
    with pytest.raises(ValueError, match="runs: expected 1 to 4 runs, got 0"):
        replay_training([])
    with pytest.raises(ValueError, match="runs: expected 1 to 4 runs, got 5"):
        replay_training([recorded()] * 5)
    with pytest.raises(ValueError, match=r"runs\[1\]: expected the validation images and labels"):
        replay_training([recorded(), recorded(val_per_class=4)])
    other = recorded()
    other["labels"] = np.roll(other["labels"], 1)
    with pytest.raises(ValueError, match=r"runs\[1\]: expected the validation images and labels"):
        replay_training([recorded(), other])
    for runs in (None, 3, "run"):
        with pytest.raises(TypeError, match="runs: expected a list of runs"):
            replay_training(runs)
    with pytest.raises(TypeError, match=r"runs\[0\]: expected a run as RunRecorder.run holds it"):
        replay_training([None])
    for names in (["a"], "abc", 3):
        with pytest.raises(ValueError, match="class_names: expected a list of at least 3 names"):
            replay_training([recorded()], class_names=names)


def test_recorder_wants_every_epoch_in_turn():
    data = make_dataset_bundle(train_per_class=2, val_per_class=2)
    recorder = RunRecorder("run", *data[:4])
    with pytest.raises(ValueError, match="epoch: expected 0, the next one, got 1"):
        recorder(1, TinyCNN())
    with pytest.raises(ValueError, match="y_validation: expected one label per"):
        RunRecorder("run", *data[:3], data[3][1:])


def test_recorder_records_all_of_an_epoch_or_nothing(monkeypatch):
    data = make_dataset_bundle(train_per_class=2, val_per_class=2)
    recorder = RunRecorder("run", *data[:4])
    recorder(0, TinyCNN())
    halfway = TinyCNN(1)
    answers = iter([halfway.forward(data[0]), None])  # none for the validation images
    monkeypatch.setattr(halfway, "forward", lambda x: next(answers))
    with pytest.raises((TypeError, ValueError)):
        recorder(1, halfway)
    assert next(answers, "none left") == "none left"
    recorder(1, TinyCNN(1))
    assert len(replay_training(recorder).data["runs"][0]["train_loss"]) == 2
    assert {len(recorder.run[key]) for key in ("kernels", "train_loss", "train_right")} == {2}


def test_recorder_refuses_what_a_replay_could_not_show():
    x_train, y_train, x_val, y_val, _ = make_dataset_bundle(train_per_class=2, val_per_class=41)
    with pytest.raises(ValueError, match=r"x_validation: expected at most 120 images .* got 123"):
        RunRecorder("run", x_train, y_train, x_val, y_val)
    with pytest.raises(ValueError, match="x_train: expected gray levels from 0 to 1, got 0 to"):
        RunRecorder("run", 255 * x_train, y_train, x_val[:9], y_val[:9])
    recorder = RunRecorder("run", x_train, y_train, x_val[:9], y_val[:9])
    for model in (None, Sequential(Flatten(), Dense(64, 3))):
        with pytest.raises(TypeError, match="model: expected a network that begins with Conv2D"):
            recorder(0, model)


def test_weights_that_overflow_are_refused_by_name():
    model = TinyCNN()
    model.conv.weights = model.conv.weights * 1e160
    model.dense.weights = model.dense.weights * 1e160
    for explore in (explore_network, explore_gradient):
        with pytest.raises(ValueError, match=r"model: expected weights .* 'wild' overflow"):
            explore({"wild": model})


def test_names_that_cannot_be_told_apart():
    with pytest.raises(TypeError, match="class_names: expected a list of names, got the text"):
        explore_network(TinyCNN(), class_names="abc")
    with pytest.raises(ValueError, match="model: expected different names"):
        explore_network({1: TinyCNN(), "1": TinyCNN()})
