"""From a model and an image to the lists that a living figure shows, or a clear error."""

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.datasets import CLASS_NAMES, NOISE, base_pattern, traced_image
from tinycnn_lib.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU

KINDS = (Conv2D, ReLU, MaxPool2D, Flatten, Dense)
DECIMALS = 12  # of stored weights: what training leaves beyond depends on the processor
LARGEST_SIDE, MOST_FILTERS, MOST_CLASSES = 12, 6, 10  # what a page can still show


def network(name, model):
    """Return the numbers of a network like TinyCNN as nested lists, to DECIMALS decimals.

    Parameters
    ----------
    name : str
        What the reader sees at the switch.
    model : Sequential
        Conv2D with 1 channel, ReLU, MaxPool2D, Flatten, Dense.

    Raises
    ------
    TypeError, ValueError
        If the layers are others, too many to show, or hold a number that is not finite.
    """
    layers = getattr(model, "layers", None)
    if layers is None or tuple(type(layer) for layer in layers) != KINDS:
        got = type(model).__name__ if layers is None else [type(layer).__name__ for layer in layers]
        raise TypeError(
            "model: expected the layers Conv2D, ReLU, MaxPool2D, Flatten, Dense, "
            f"got {got}; pass for example TinyCNN()"
        )
    conv, _, pool, _, dense = layers
    for what, count, most in (
        ("in_channels of Conv2D", conv.in_channels, 1),
        ("out_channels of Conv2D", conv.out_channels, MOST_FILTERS),
        ("out_features of Dense", dense.out_features, MOST_CLASSES),
    ):
        if count > most:
            raise ValueError(f"model: expected at most {most} {what} in a figure, got {count}")

    def numbers(what, array):
        return check.float_array(f"model's {what}", array).round(DECIMALS).tolist()

    return {
        "name": name,
        "kernels": numbers("conv weights", conv.weights[:, 0]),
        "conv_bias": numbers("conv bias", conv.bias),
        "pool": pool.pool_size,
        "weights": numbers("dense weights", dense.weights),
        "dense_bias": numbers("dense bias", dense.bias),
    }


def picture(image, model):
    """Return `image`, by default the traced one, as an array (H, W) that `model` takes.

    Raises
    ------
    TypeError, ValueError
        If it is not one finite gray image in [0, 1] of a size that fits the model.
    """
    image = check.float_array("image", traced_image() if image is None else image)
    if image.ndim not in (2, 4) or (image.ndim == 4 and image.shape[:2] != (1, 1)):
        raise ValueError(
            f"image: expected shape (H, W) or (1, 1, H, W), got {image.shape}; "
            "from a batch x take one by x[:1]"
        )
    image = image.reshape(image.shape[-2:]).astype(float)
    if image.min() < 0 or image.max() > 1:
        raise ValueError(
            f"image: expected gray levels from 0 to 1, got {image.min():g} to {image.max():g}; "
            "divide by the largest level first"
        )
    conv, _, pool, _, dense = model.layers
    p, sides = pool.pool_size, [side - conv.kernel_size + 1 for side in image.shape]
    features = conv.out_channels * (max(sides[0], 0) // p) * (max(sides[1], 0) // p)
    if features != dense.in_features or max(image.shape) > LARGEST_SIDE:
        raise ValueError(
            f"image: expected sides up to {LARGEST_SIDE} that give {dense.in_features} numbers "
            f"after pooling, got shape {image.shape}, which gives {features}; "
            "TinyCNN takes 8 by 8 pixels"
        )
    return image


def class_names(names, model):
    """Return the names of the model's classes: `names`, or those of the line patterns.

    Raises
    ------
    ValueError
        If there are not as many as the model has logits.
    """
    count = model.layers[-1].out_features
    if names is None:
        names = CLASS_NAMES if count == len(CLASS_NAMES) else [f"class {k}" for k in range(count)]
    if isinstance(names, str):
        raise TypeError(f"class_names: expected a list of names, got the text {names!r}")
    names = [str(name) for name in names]
    if len(names) != count or len(set(names)) < count:
        raise ValueError(f"class_names: expected {count} different names, got {names}")
    return names


def known_class(name, label, classes):
    """Return the class with the index `label`.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    label = check.integer(name, label, at_least=0)
    if label >= len(classes):
        raise ValueError(
            f"{name}: expected a class index from 0 to {len(classes) - 1}, got {label}"
        )
    return classes[label]


def scene(image, classes):
    """Return what the reader can put before the network: the image, patterns, and a noise."""
    H, W = image.shape
    known = [name for name in classes if name in CLASS_NAMES and H == W]
    noise = np.random.default_rng(0).normal(0, NOISE, size=(H, W)).round(2)
    return {
        "image": image.tolist(),
        "patterns": {name: base_pattern(name, H).tolist() for name in known},
        "noise": noise.tolist(),
        "classes": classes,
    }


def rebuild(data):
    """Return the layers of a stored network, to compute the still picture with the library."""
    kernels, weights = np.array(data["kernels"]), np.array(data["weights"])
    conv = Conv2D(1, len(kernels), kernels.shape[1])
    dense = Dense(*weights.shape)
    conv.weights, conv.bias = kernels[:, None], np.array(data["conv_bias"])
    dense.weights, dense.bias = weights, np.array(data["dense_bias"])
    return conv, ReLU(), MaxPool2D(data["pool"]), Flatten(), dense


def everything(model, image, names):
    """Return a figure's data: the networks, the image, what else can stand there, the classes.

    Parameters
    ----------
    model : Sequential, or dict of str to Sequential
    image : array_like or None
    names : sequence of str or None

    Raises
    ------
    TypeError, ValueError
        As `network`, `picture` and `class_names`; also if several models have not one shape.
    """
    models = model if isinstance(model, dict) else {"your model": model}
    names_of_models = [str(name) for name in models]
    if len(set(names_of_models)) < len(models):
        raise ValueError(f"model: expected different names, got {names_of_models}")
    if not models:
        raise ValueError("model: expected at least one model, got an empty dict; pass TinyCNN()")
    networks = [network(str(name), each) for name, each in models.items()]
    shapes = {(np.shape(n["kernels"]), n["pool"], np.shape(n["weights"])) for n in networks}
    if len(shapes) > 1:
        raise ValueError(f"model: expected models of one shape, got {sorted(map(str, shapes))}")
    first = next(iter(models.values()))
    image = picture(image, first)
    for stored in networks:
        _check_logits(stored, image)
    return {"networks": networks, **scene(image, class_names(names, first))}


def _check_logits(stored, image):
    """Raise ValueError if finite weights are so large that the numbers they give are not finite."""
    x = image[None, None]  # (1, 1, H, W)
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            for layer in rebuild(stored):
                x = layer.forward(x)
            finite = np.isfinite(x - x.max()).all()
        except ValueError:  # a layer met them on the way
            finite = False
    if not finite:
        raise ValueError(
            f"model: expected weights that give finite numbers, but those of {stored['name']!r} "
            "overflow on this image; train it anew with a smaller learning rate"
        )
