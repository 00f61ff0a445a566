"""The line patterns: three classes of 8 x 8 images, drawn, shifted and made noisy by a seed.

Names and sizes that are not as described raise a TypeError or a ValueError.
"""

import numpy as np

from tinycnn_lib import validation as check

#: The classes of the line patterns, in the order of their labels 0, 1, 2.
CLASS_NAMES = ("vertical", "horizontal", "diagonal")
NOISE = 0.15  # standard deviation, on a scale where the lines are 1
MAX_SHIFT = 2  # rows and columns


def base_pattern(name, size=8):
    """Return the clean, unshifted image of one class.

    Parameters
    ----------
    name : str
        "vertical" and "horizontal": the middle two columns or rows are 1. "diagonal": 1 on the
        main diagonal, 0.35 on the two beside it.
    size : int, at least 3
        H and W; at 2 two of the patterns would be the same.

    Returns
    -------
    ndarray, shape (size, size), in [0, 1]
    """
    name = check.choice("name", name, CLASS_NAMES)
    size = check.integer("size", size, at_least=3)
    if name == "diagonal":
        return np.eye(size) + 0.35 * (np.eye(size, k=1) + np.eye(size, k=-1))
    image = np.zeros((size, size))
    middle = slice(size // 2 - 1, size // 2 + 1)
    if name == "vertical":
        image[:, middle] = 1
    else:
        image[middle, :] = 1
    return image


def make_dataset_bundle(
    train_per_class=60, val_per_class=30, size=8, seed=7, class_names=CLASS_NAMES
):
    """Draw shifted, noisy line patterns, shuffle them, and split them in two.

    Each image is the base pattern of its class, rolled by a row and a column shift of -2 to 2
    (what leaves on one side comes back on the other), plus normal noise of standard deviation
    0.15, clipped to [0, 1]. The split is made after the shuffle, so the classes come out uneven.

    Parameters
    ----------
    train_per_class, val_per_class : int, at least 1
        Images per class on average; with K classes the training set holds exactly
        K train_per_class of the shuffled images, the validation set the rest.
    size : int, at least 3
        H and W; at 2 two of the patterns would be the same.
    seed : int
        Seed of the one generator behind shifts, noise and shuffle.
    class_names : tuple or list of str, different ones of CLASS_NAMES
        Label k stands for `class_names[k]`.

    Returns
    -------
    x_train, y_train, x_val, y_val : ndarray
        Images of shape (n, 1, size, size) in [0, 1]; integer labels of shape (n,).
    class_names : tuple of str
    """
    train_per_class = check.integer("train_per_class", train_per_class)
    val_per_class = check.integer("val_per_class", val_per_class)
    size = check.integer("size", size, at_least=3)
    rng = check.generator("seed", seed)
    if not isinstance(class_names, (tuple, list)):
        raise TypeError(
            f"class_names: expected a tuple or list of names, got {class_names!r}; "
            'for one class pass ("vertical",)'
        )
    if not class_names:
        raise ValueError(f"class_names: expected at least one name, got {class_names!r}")
    class_names = tuple(check.choice("class_names", name, CLASS_NAMES) for name in class_names)
    if len(set(class_names)) < len(class_names):
        raise ValueError(f"class_names: expected different names, got {class_names!r}")

    images, labels = [], []
    for label, name in enumerate(class_names):
        base = base_pattern(name, size)  # (size, size)
        for _ in range(train_per_class + val_per_class):
            row_shift = rng.integers(-MAX_SHIFT, MAX_SHIFT + 1)
            column_shift = rng.integers(-MAX_SHIFT, MAX_SHIFT + 1)
            image = np.roll(base, (row_shift, column_shift), axis=(0, 1))
            image = image + rng.normal(0, NOISE, size=(size, size))
            images.append(np.clip(image, 0, 1))
            labels.append(label)
    x = np.stack(images)[:, None]  # (n, 1, size, size)
    y = np.array(labels, dtype=np.int64)  # (n,); in a browser NumPy's integers have 32 bits
    order = rng.permutation(len(x))
    train, val = np.split(order, [train_per_class * len(class_names)])
    return x[train], y[train], x[val], y[val], class_names


def traced_image():
    """Return the one picture that Chapters 23 and 24 follow, number by number.

    A vertical line of six pixels in column 2, rows 1 to 6, and two gray pixels (0.5) to its right
    in rows 3 and 4. The gray ones make the patches differ: in TinyCNN(seed=42) no pooling window
    with a positive number has a tie. Its class is "vertical", label 0.

    Returns
    -------
    ndarray, shape (1, 1, 8, 8), of 0, 0.5 and 1
    """
    image = np.zeros((1, 1, 8, 8))
    image[:, :, 1:7, 2] = 1
    image[:, :, 3:5, 3] = 0.5
    return image
