"""Training, replayed: the figure that plays recorded runs back."""

import base64

import numpy as np
from matplotlib.figure import Figure

from tinycnn_lib import plotting
from tinycnn_lib.datasets import CLASS_NAMES
from tinycnn_lib.explorers.figure import LivingFigure, join_scripts, join_styles, rows_as_text
from tinycnn_lib.explorers.recorder import RunRecorder, check_run

MOST_RUNS = 4  # what keeps a page light


class Replay(LivingFigure):
    """Recorded training runs side by side."""

    _esm = join_scripts("arithmetic.js", "room.js", "grid.js", "replay.js")
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
    if not isinstance(runs, (list, tuple)):
        raise TypeError(
            f"runs: expected a list of runs, got {type(runs).__name__}; "
            "pass for example [recorder.run]"
        )
    runs = [run.run if isinstance(run, RunRecorder) else run for run in runs]
    if not 1 <= len(runs) <= MOST_RUNS:
        raise ValueError(f"runs: expected 1 to {MOST_RUNS} runs, got {len(runs)}")
    for number, run in enumerate(runs):
        check_run(f"runs[{number}]", run)
    first = runs[0]
    for number, run in enumerate(runs):
        if not all(np.array_equal(run[key], first[key]) for key in ("images", "labels")):
            raise ValueError(
                f"runs[{number}]: expected the validation images and labels of runs[0]; "
                "record all runs with the same ones"
            )
    images, labels = np.asarray(first["images"]), [int(label) for label in first["labels"]]
    highest = max([*labels, *(guess for run in runs for w in run["wrong"] for _, guess in w)])
    if class_names is None:
        known = highest < len(CLASS_NAMES)
        class_names = CLASS_NAMES if known else [f"class {k}" for k in range(highest + 1)]
    if not isinstance(class_names, (list, tuple)) or len(class_names) <= highest:
        raise ValueError(
            f"class_names: expected a list of at least {highest + 1} names, got {class_names!r}"
        )
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
