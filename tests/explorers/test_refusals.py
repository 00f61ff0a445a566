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
        ({"image": np.zeros((2, 8))}, r"image: expected sides from 3 to 10, got shape \(2, 8\)"),
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


@pytest.mark.parametrize("explore", [explore_network, explore_gradient])
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
        (lambda run: run.update(labels=[0]), "one label for each of 15 images"),
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
    with pytest.raises(ValueError, match=r"runs\[1\]: expected the validation images of runs\[0\]"):
        replay_training([recorded(), recorded(val_per_class=4)])
    with pytest.raises(ValueError, match="class_names: expected at least 3 names"):
        replay_training([recorded()], class_names=["a"])


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
