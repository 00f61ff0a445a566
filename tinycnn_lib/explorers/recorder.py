"""What a replay is made of: a recorder that watches a training run, and the guard of its format."""

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.layers import Conv2D
from tinycnn_lib.losses import softmax_cross_entropy

MOST_EPOCHS, MOST_IMAGES = 120, 120  # what keeps a page light
KEYS = (
    *("name", "kernels", "train_loss", "validation_loss", "train_right", "validation_right"),
    *("train_count", "wrong", "images", "labels"),
)


class RunRecorder:
    """Watch a training run; call it once before training and after every epoch.

    In a training loop of your own::

        recorder = RunRecorder("rate 0.1", x_train, y_train, x_val, y_val)
        recorder(0, model)
        ...                     # train, calling recorder(epoch, model) after each epoch
        replay_training([recorder.run])

    Parameters
    ----------
    name : str
        What the figure calls the run.
    x_train, y_train, x_validation, y_validation : ndarray
        Images (n, 1, H, W) in [0, 1] and labels (n,), of the validation set at most 120.

    Attributes
    ----------
    run : dict
        What was seen, by these keys:

        - ``name`` : str
        - ``kernels`` : list over epochs of (F, k, k)
        - ``train_loss``, ``validation_loss`` : lists over epochs of float
        - ``train_right``, ``validation_right`` : lists of the number of images classified rightly
        - ``train_count`` : int
        - ``wrong`` : list over epochs of [index, predicted class] of the validation images that
          are still wrong
        - ``images`` : (n, H, W) and ``labels`` : (n,) of the validation set

    Raises
    ------
    TypeError, ValueError
        If images or labels are not as above.
    """

    def __init__(self, name, x_train, y_train, x_validation, y_validation):
        self._sets = []
        for which, x, y in (
            ("train", x_train, y_train),
            ("validation", x_validation, y_validation),
        ):
            x = check.image_batch(f"x_{which}", x, channels=1)
            _check_levels(f"x_{which}", x)
            y = check.class_labels(f"y_{which}", y, count=len(x), classes=np.iinfo(int).max)
            self._sets.append((which, x, y))
        _check_count("x_validation", x)
        self.run = {key: [] for key in KEYS}
        self.run.update(
            name=str(name),
            train_count=len(x_train),
            images=np.array(x_validation)[:, 0],
            labels=np.array(y_validation),
        )

    def __call__(self, epoch, model, history=None):
        """Record the model as it is now; `epoch` counts from 0, before training.

        Raises
        ------
        TypeError, ValueError
            If `epoch` is not the next one, or the model's first layer is not a Conv2D.
        """
        run = self.run
        if epoch != len(run["kernels"]):
            raise ValueError(
                f"epoch: expected {len(run['kernels'])}, the next one, got {epoch}; "
                "call the recorder with epoch 0 before training"
            )
        kernels = _kernels(model)
        seen = {}  # recorded all at once, or not at all
        for which, x, y in self._sets:
            logits = model.forward(x)  # (n, K)
            loss, _, _ = softmax_cross_entropy(logits, y)
            predicted = logits.argmax(axis=1)
            seen[f"{which}_loss"] = loss
            seen[f"{which}_right"] = int((predicted == y).sum())
        wrong = np.flatnonzero(predicted != y)  # the validation set came last
        seen["wrong"] = [[int(i), int(predicted[i])] for i in wrong]
        seen["kernels"] = kernels.copy()
        for key, value in seen.items():
            run[key].append(value)


def _kernels(model):
    """Return the kernels (F, k, k) of the model's first layer."""
    layers = getattr(model, "layers", None)
    first = layers[0] if layers else model
    if not isinstance(first, Conv2D):
        raise TypeError(
            "model: expected a network that begins with Conv2D, such as TinyCNN(), got "
            f"{check.describe(first)}"
        )
    return first.weights[:, 0]


def _check_levels(name, images):
    if images.min() < 0 or images.max() > 1:
        raise ValueError(
            f"{name}: expected gray levels from 0 to 1, got {images.min():g} to "
            f"{images.max():g}; divide by the largest level first"
        )


def _check_count(name, images):
    if len(images) > MOST_IMAGES:
        raise ValueError(
            f"{name}: expected at most {MOST_IMAGES} images in a replay, got {len(images)}; "
            f"record with {name}[:{MOST_IMAGES}] and its labels"
        )


def check_run(name, run):
    """Raise an error if `run` has not the format of `RunRecorder.run`.

    Parameters
    ----------
    name : str
        What the message calls the run.
    run : dict

    Raises
    ------
    TypeError, ValueError
        If a key is missing, a shape does not fit, or a number cannot be one of its kind.
    """
    if not isinstance(run, dict):
        raise TypeError(
            f"{name}: expected a run as RunRecorder.run holds it, got {check.describe(run)}"
        )
    missing = [key for key in KEYS if key not in run]
    if missing:
        raise ValueError(f"{name}: expected the keys of RunRecorder.run, missing {missing}")
    images = check.float_array(f"{name}['images']", run["images"])
    if images.ndim != 3:
        raise ValueError(f"{name}['images']: expected shape (n, H, W), got {images.shape}")
    _check_count(f"{name}['images']", images)
    _check_levels(f"{name}['images']", images)
    check.class_labels(
        f"{name}['labels']", run["labels"], count=len(images), classes=np.iinfo(int).max
    )
    train_count = check.integer(f"{name}['train_count']", run["train_count"])
    kernels = check.float_array(f"{name}['kernels']", run["kernels"])
    if kernels.ndim != 4 or len(kernels) > MOST_EPOCHS + 1:
        raise ValueError(
            f"{name}['kernels']: expected shape (epochs + 1, F, k, k) with up to {MOST_EPOCHS} "
            f"epochs, got {kernels.shape}"
        )
    for key, most in (
        ("train_loss", np.inf),
        ("validation_loss", np.inf),
        ("train_right", train_count),
        ("validation_right", len(images)),
    ):
        values = check.float_array(f"{name}[{key!r}]", run[key])
        if values.shape != (len(kernels),):
            raise ValueError(
                f"{name}[{key!r}]: expected {len(kernels)} numbers, one for each of the recorded "
                f"kernels, got shape {values.shape}"
            )
        if values.min() < 0 or values.max() > most:
            raise ValueError(
                f"{name}[{key!r}]: expected numbers from 0 to {most}, "
                f"got {values.min():g} to {values.max():g}"
            )
    _check_wrong(name, run["wrong"], epochs=len(kernels), count=len(images))


def _check_wrong(name, wrong, epochs, count):
    if not isinstance(wrong, (list, tuple)) or len(wrong) != epochs:
        raise ValueError(
            f"{name}['wrong']: expected one list of wrong images for each of {epochs} epochs, "
            f"got {check.describe(wrong)}"
        )
    for epoch, pairs in enumerate(wrong):
        numbers = np.asarray(pairs if len(pairs) else np.empty((0, 2), dtype=int))
        fits = numbers.ndim == 2 and numbers.shape[1] == 2 and numbers.dtype.kind in "iu"
        if not fits or (numbers < 0).any() or (numbers[:, 0] >= count).any():
            raise ValueError(
                f"{name}['wrong'][{epoch}]: expected pairs [index, predicted class] with indices "
                f"below {count}, got {pairs}"
            )
