"""Weights to a file and back: plain arrays in an .npz, never pickled objects.

A pickle can run any code when it is loaded; an .npz read without pickle can only hold arrays.
"""

import io
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from tinycnn_lib import validation as check
from tinycnn_lib.models import Sequential


def _checked(path, model):
    """Return `path` as a Path ending in .npz, and the model's parameters."""
    check.instance("path", path, (str, os.PathLike), "a file name such as 'weights.npz'")
    path = Path(path).expanduser().resolve()  # a link keeps pointing to what is written
    if path.suffix != ".npz":
        raise ValueError(f"path: expected a file name that ends in .npz, got {str(path)!r}")
    check.instance("model", model, Sequential, "a Sequential such as TinyCNN()")
    return path, check.trainable("model.parameters()", model.parameters())


def save_weights(path, model):
    """Write the parameters of `model` to an .npz file, one array under each parameter's name.

    Parameters
    ----------
    path : str or path-like, ending in .npz
        An existing file is replaced, but only by a complete new one.
    model : Sequential

    Raises
    ------
    TypeError, ValueError
        If `path` does not end in .npz, or a parameter is not finite.
    OSError
        If the file cannot be written.
    """
    path, parameters = _checked(path, model)
    for name, value in parameters.items():
        check.float_array(name, value)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path: expected a file in a folder that exists, got {str(path)!r}; make the folder "
            f"first, Path({str(path.parent)!r}).mkdir(parents=True)"
        )
    # Beside `path`, so on the same disk: there a finished file takes its place in one step.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder:
        unfinished = Path(folder, path.name)
        np.savez(unfinished, **parameters)
        if path.exists():
            shutil.copymode(path, unfinished)  # who may read the old file may read the new one
        unfinished.replace(path)


def load_weights(path, model):
    """Read parameters that `save_weights` wrote into `model`, in place.

    Parameters
    ----------
    path : str or path-like, ending in .npz
    model : Sequential
        With the same layers as the one that was saved.

    Raises
    ------
    TypeError, ValueError
        If the file is no .npz, is damaged, holds pickled objects, or its arrays have not the
        names and shapes of the model's parameters, or are no finite floats. Then the model is
        unchanged.
    OSError
        If the file cannot be read.
    """
    path, parameters = _checked(path, model)
    data = io.BytesIO(path.read_bytes())
    try:
        with np.load(data, allow_pickle=False) as file:
            values = {name: file[name] for name in file.files}
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise many kinds
        raise ValueError(
            f"path: expected an .npz file of plain arrays, got {str(path)!r}, which cannot be "
            f"read as one ({error}); write it with save_weights"
        ) from error
    advice = "was the file saved from a network with the same layers?"
    check.matching("file", values, parameters, advice)
    for name, value in values.items():
        if value.dtype.kind != "f":
            raise TypeError(
                f"file[{name!r}]: expected an array of floating dtype, got {value.dtype}; {advice}"
            )
        check.float_array(f"file[{name!r}]", value)
    for name, parameter in parameters.items():
        parameter[...] = values[name]
