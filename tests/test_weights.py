"""Weights in files: the same logits again, and files that are refused."""

import io
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from state import frozen, same, values

from tinycnn_lib import (
    Adam,
    Dense,
    ReLU,
    Sequential,
    TinyCNN,
    fit,
    load_weights,
    make_dataset_bundle,
    save_weights,
)

X, Y, X_VAL, Y_VAL, _ = make_dataset_bundle()


def trained():
    model = TinyCNN(seed=1)
    fit(model, X, Y, optimizer=Adam(0.03), epochs=5, batch_size=32, seed=0)
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
        assert Path(file).parent.parent == tmp_path  # on the disk where it is to stand
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
    "integers": (lambda: altered(dense__bias=np.ones(3, np.int64)), TypeError,
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
