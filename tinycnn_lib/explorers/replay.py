"""Training, replayed: a recorder that watches a run, and the figure that plays runs back."""

import base64

import numpy as np
from matplotlib.figure import Figure

from tinycnn_lib import plotting
from tinycnn_lib import validation as check
from tinycnn_lib.datasets import CLASS_NAMES
from tinycnn_lib.explorers.figure import LivingFigure, join_scripts, join_styles, rows_as_text
from tinycnn_lib.losses import softmax_cross_entropy

MOST_RUNS, MOST_EPOCHS, MOST_IMAGES = 4, 120, 120  # what keeps a page light
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
        Images (n, 1, H, W) in [0, 1] and labels (n,).

    Attributes
    ----------
    run : dict
        name : str; kernels : list over epochs of (F, k, k); train_loss, validation_loss : lists of
        float; train_right, validation_right : lists of the number of images classified rightly;
        train_count : int; wrong : list over epochs of [index, predicted class] of the validation
        images still wrong; images : (n, H, W) and labels : (n,) of the validation set.

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
            y = check.class_labels(f"y_{which}", y, count=len(x), classes=np.iinfo(int).max)
            self._sets.append((which, x, y))
        self.run = {key: [] for key in KEYS}
        self.run.update(
            name=str(name),
            train_count=len(x_train),
            images=np.array(x_validation)[:, 0],
            labels=np.array(y_validation),
        )

    def __call__(self, epoch, model, history=None):
        """Record the model as it is now; `epoch` counts from 0, before training."""
        run = self.run
        if epoch != len(run["kernels"]):
            raise ValueError(
                f"epoch: expected {len(run['kernels'])}, the next one, got {epoch}; "
                "call the recorder with epoch 0 before training"
            )
        seen = {}  # recorded all at once, or not at all
        for which, x, y in self._sets:
            logits = model.forward(x)  # (n, K)
            loss, _, _ = softmax_cross_entropy(logits, y)
            predicted = logits.argmax(axis=1)
            seen[f"{which}_loss"] = loss
            seen[f"{which}_right"] = int((predicted == y).sum())
        wrong = np.flatnonzero(predicted != y)  # the validation set came last
        seen["wrong"] = [[int(i), int(predicted[i])] for i in wrong]
        seen["kernels"] = model.layers[0].weights[:, 0].copy()
        for key, value in seen.items():
            run[key].append(value)


class Replay(LivingFigure):
    """Recorded training runs side by side."""

    _esm = join_scripts("arithmetic.js", "grid.js", "replay.js")
    _css = join_styles("figure.css")

    def describe(self):
        """Return the first and last epoch of each run as text."""
        count = len(self.data["labels"])
        lines = ["Training, replayed"]
        for run in self.data["runs"]:
            last = len(run["train_loss"]) - 1
            for epoch in sorted({0, last}):
                lines.append(
                    f"{run['name']}, epoch {epoch}: training loss {run['train_loss'][epoch]:.4f}, "
                    f"validation loss {run['validation_loss'][epoch]:.4f}, "
                    f"{run['train_right'][epoch]} of {run['train_count']} training and "
                    f"{run['validation_right'][epoch]} of {count} validation images right"
                )
            for number, kernel in enumerate(run["kernels"][last]):
                lines += [f"Kernel {number} at epoch {last}", rows_as_text(kernel)]
        return "\n".join(lines)

    def alt(self):
        """Return one sentence that stands in for the still picture."""
        count = len(self.data["labels"])
        ends = "; ".join(
            f"{run['name']} ends with validation loss {run['validation_loss'][-1]:.4f} and "
            f"{run['validation_right'][-1]} of {count} validation images right"
            for run in self.data["runs"]
        )
        return f"Curves of loss and accuracy over the epochs, and the last kernels: {ends}."

    def draw(self):
        """Return the still picture, a Matplotlib figure."""
        runs, count = self.data["runs"], len(self.data["labels"])
        figure = Figure(figsize=(6, 2.6 + 2 * len(runs)), layout="constrained")
        parts = figure.subfigures(1 + len(runs), 1, height_ratios=[2.6, *[2] * len(runs)])
        loss_ax, accuracy_ax = parts[0].subplots(1, 2)
        for run, color, style in zip(runs, plotting.SERIES, ("-", "--", "-.", ":"), strict=False):
            look = {"color": color, "ls": style}
            loss_ax.plot(run["validation_loss"], **look, label=run["name"])
            loss_ax.plot(run["train_loss"], **look, lw=0.8)
            accuracy_ax.plot(100 * np.array(run["validation_right"]) / count, **look)
            accuracy_ax.plot(
                100 * np.array(run["train_right"]) / run["train_count"], **look, lw=0.8
            )
        loss_ax.set(title="Loss", xlabel="epoch", ylim=(0, None))
        loss_ax.legend()
        accuracy_ax.set(title="Accuracy in %", xlabel="epoch", ylim=(0, 104))
        for part, run in zip(parts[1:], runs, strict=True):
            kernels = np.array(run["kernels"][-1])
            part.suptitle(f"{run['name']}: kernels after epoch {len(run['kernels']) - 1}", size=10)
            limit = float(np.abs(kernels).max()) or 1.0
            axes = part.subplots(1, len(kernels), squeeze=False)[0]
            for ax, kernel in zip(axes, kernels, strict=True):
                plotting.show_map(ax, kernel, limit=limit)
                plotting.write_values(ax, kernel, size=8)
        return figure


def replay_training(runs, class_names=None):
    """Return recorded training runs as a living figure (Chapter 24).

    Parameters
    ----------
    runs : sequence of dict or of RunRecorder, 1 to 4
        In the format of `RunRecorder.run`: up to 120 epochs and 120 validation images, the same
        ones in each run. One run alone needs no list.
    class_names : sequence of str, optional
        By default those of the line patterns.

    Returns
    -------
    Replay
        Jupyter shows it when it is the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If a run lacks a key, is too long to show, holds a number that is not finite, or if the
        runs have not the same validation images.
    """
    if isinstance(runs, (dict, RunRecorder)):
        runs = [runs]  # one run alone
    runs = [run.run if isinstance(run, RunRecorder) else run for run in runs]
    if not 1 <= len(runs) <= MOST_RUNS:
        raise ValueError(f"runs: expected 1 to {MOST_RUNS} runs, got {len(runs)}")
    for number, run in enumerate(runs):
        _check_run(f"runs[{number}]", run)
    first = runs[0]
    for number, run in enumerate(runs):
        if not np.array_equal(run["images"], first["images"]):
            raise ValueError(f"runs[{number}]: expected the validation images of runs[0]")
    images, labels = np.asarray(first["images"]), [int(label) for label in first["labels"]]
    highest = max([*labels, *(guess for run in runs for w in run["wrong"] for _, guess in w)])
    if class_names is None:
        known = highest < len(CLASS_NAMES)
        class_names = CLASS_NAMES if known else [f"class {k}" for k in range(highest + 1)]
    if len(class_names) <= highest:
        raise ValueError(f"class_names: expected at least {highest + 1} names, got {class_names}")
    # Rounded to the digits that the figure shows, so that page and library agree.
    levels = np.round(255 * images).astype(np.uint8)
    return Replay(
        {
            "runs": [_stored(run) for run in runs],
            "classes": [str(name) for name in class_names],
            "labels": labels,
            "images": {
                "shape": list(images.shape[1:]),
                "levels": base64.b64encode(levels.tobytes()).decode("ascii"),
            },
        }
    )


def _stored(run):
    return {
        "name": str(run["name"]),
        "kernels": np.round(run["kernels"], 2).tolist(),
        "train_loss": np.round(run["train_loss"], 4).tolist(),
        "validation_loss": np.round(run["validation_loss"], 4).tolist(),
        "train_right": [int(count) for count in run["train_right"]],
        "validation_right": [int(count) for count in run["validation_right"]],
        "train_count": int(run["train_count"]),
        "wrong": [[[int(i), int(guess)] for i, guess in epoch] for epoch in run["wrong"]],
    }


def _check_run(name, run):
    missing = [key for key in KEYS if key not in run]
    if missing:
        raise ValueError(f"{name}: expected the keys of RunRecorder.run, missing {missing}")
    images = check.float_array(f"{name}['images']", run["images"])
    if images.ndim != 3 or not 1 <= len(images) <= MOST_IMAGES:
        raise ValueError(
            f"{name}['images']: expected shape (n, H, W) with n up to {MOST_IMAGES}, "
            f"got {images.shape}; record with fewer validation images"
        )
    if images.min() < 0 or images.max() > 1:
        raise ValueError(
            f"{name}['images']: expected gray levels from 0 to 1, "
            f"got {images.min():g} to {images.max():g}"
        )
    kernels = check.float_array(f"{name}['kernels']", run["kernels"])
    if kernels.ndim != 4 or not 1 <= len(kernels) <= MOST_EPOCHS + 1:
        raise ValueError(
            f"{name}['kernels']: expected shape (epochs + 1, F, k, k) with up to {MOST_EPOCHS} "
            f"epochs, got {kernels.shape}"
        )
    for key in ("train_loss", "validation_loss", "train_right", "validation_right"):
        values = check.float_array(f"{name}[{key!r}]", run[key])
        if values.shape != (len(kernels),):
            raise ValueError(
                f"{name}[{key!r}]: expected {len(kernels)} numbers, one for each of the recorded "
                f"kernels, got shape {values.shape}"
            )
    if len(run["wrong"]) != len(kernels) or len(run["labels"]) != len(images):
        raise ValueError(
            f"{name}: expected one list of wrong images for each of {len(kernels)} epochs and one "
            f"label for each of {len(images)} images, got {len(run['wrong'])} and "
            f"{len(run['labels'])}"
        )
