"""Checkers as data: each likely mistake hears its own sentence, and nobody else does."""

from dataclasses import replace

import numpy as np
import pytest
from refusals import refusal

from tinycnn_lib.exercises import (
    chapter22_code,
    chapter22_pieces,
    chapter23_avgpool,
    chapter23_pieces,
    chapter24,
    chapter24_pieces,
)
from tinycnn_lib.exercises._piece import Piece

MODULES = (chapter22_code, chapter22_pieces, chapter23_avgpool, chapter23_pieces, chapter24,
           chapter24_pieces)  # fmt: skip
PIECES = [p for module in MODULES for p in vars(module).values() if isinstance(p, Piece)]
MISTAKES = [(piece, sentence) for piece in PIECES for sentence in piece.mistakes]


@pytest.mark.parametrize(("piece", "sentence"), MISTAKES)
def test_each_mistake_is_refused_with_its_sentence(piece, sentence):
    with np.errstate(all="ignore"):  # some mistakes overflow
        message = refusal(piece.check, piece.mistakes[sentence])
    assert piece.name in message.splitlines()[0]
    assert message.endswith(f"Hint: {sentence}")
    assert "  on " in message  # the input is shown, and what came of it
    assert "  got:" in message


@pytest.mark.parametrize("piece", PIECES)
def test_the_book_s_own_version_is_right(piece, capsys):
    replace(piece, promises=()).check(piece.right)  # it may loop: only its numbers count
    assert capsys.readouterr().out.startswith(f"Right: {piece.praise}")


# A small piece, to see the machine itself.


def double(x, n):
    return 2 * x + n


def cases():
    yield {"x": np.array([1.0, 2.0, 4.0]), "n": 0}
    yield {"x": np.array([0.5, -1.0, 3.0]), "n": 1}


DOUBLE = Piece("double", double, cases, "doubled.", {"square?": lambda x, n: x**2 + n})


def test_a_sentence_is_said_only_of_the_mistake_that_was_made():
    assert "Hint: square?" in refusal(DOUBLE.check, lambda x, n: x * x + n)
    other = refusal(DOUBLE.check, lambda x, n: x**2 if n == 0 else x + n)  # first case the same
    assert "square?" not in other
    assert "  on x, shape (3,): [1. 2. 4.]\n  on n: 0" in other
    assert "  got: [ 1.  4. 16.]" in other


def test_an_answer_that_raises_in_one_case_is_no_mistake_that_does_not():
    def answer(x, n):
        if n:
            raise KeyError(n)
        return x**2

    assert "square?" not in refusal(DOUBLE.check, answer)


def test_the_hint_fits_a_wrong_shape_too():
    piece = Piece("double", double, cases, ".", {"one too few": lambda x, n: double(x, n)[1:]})
    assert "Hint: one too few" in refusal(piece.check, lambda x, n: (2 * x + n)[1:])


def test_a_buffer_that_keeps_adding_is_found():
    kept = {}

    def adds(x, n):
        kept[n] = kept.get(n, 0) + double(x, n)
        return kept[n].copy()

    assert "double, in a second call, returns wrong numbers" in refusal(DOUBLE.check, adds)


def test_a_result_that_changes_later_is_found():
    buffer = np.zeros(3)

    def reuses(x, n):
        buffer[:] = double(x, n)
        return buffer

    message = refusal(DOUBLE.check, reuses)
    assert message.startswith("the first result of double has changed after a second call")


def test_promises_are_asked_last():
    def promise(answer):
        raise AssertionError(answer)

    piece = Piece("double", double, cases, ".", promises=(promise,))
    with pytest.raises(AssertionError, match="double"):
        piece.check(double)
    assert "wrong numbers" in refusal(piece.check, lambda x, n: x)


@pytest.mark.parametrize(
    ("promised", "dtype", "verdict"),
    [
        (None, np.float64, ""),
        (None, np.float32, "Note: double returns float32; float64 was expected"),
        (np.float64, np.float32, "double returns float32 where float64 came in: digits are lost"),
        (np.float32, np.float64, "Note: double returns float64; float32 was expected"),
    ],
)
def test_fewer_digits_than_promised_are_refused_and_more_are_noted(
    promised, dtype, verdict, capsys
):
    piece = Piece("double", double, cases, ".", dtype=(lambda case: promised) if promised else None)

    def answer(x, n):
        return double(x, n).astype(dtype)

    if verdict.startswith("double"):
        assert verdict in refusal(piece.check, answer)
    else:
        piece.check(answer)
        assert verdict in capsys.readouterr().out


def test_numbers_that_look_alike_are_told_apart():
    message = refusal(DOUBLE.check, lambda x, n: double(x, n) * (1 + 1e-6))
    assert "got: [2. 4. 8.]\n  expected: [2. 4. 8.]\n  difference: up to 8e-06" in message
