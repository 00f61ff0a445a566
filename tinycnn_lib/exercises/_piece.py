"""A checker as data: the right version, the cases to try, and the likely mistakes.

A mistake is a wrong version that runs, with the sentence that helps who made it. The sentence is
said only if the answer does in every case what that wrong version does, so no hint speaks of a
mistake that was not made. The same versions are the tests of the checker.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from tinycnn_lib.exercises._answers import (
    expect_class,
    expect_function,
    expect_method,
    expect_returned,
)
from tinycnn_lib.exercises._arrays import expect_array, same_numbers
from tinycnn_lib.exercises._base import ExerciseError, call, fail, praise
from tinycnn_lib.exercises._kept import MY_FILE, write_kept
from tinycnn_lib.validation import describe


def play_function(name, answer, case, hint=None):
    """Call a function once: yields its name, what it returns, and what it was called with."""
    yield name, call(name, answer, *case.values(), on=case, hint=hint), case


def play_parts(*parts):
    """Return a play that calls a function once and yields the parts of the tuple it returns."""

    def play(name, answer, case, hint=None):
        returned = call(name, answer, *case.values(), on=case, hint=hint)
        expect_returned(name, returned, on=case)
        if not isinstance(returned, (tuple, list)) or len(returned) != len(parts):
            wanted = ", ".join(parts)
            fail(f"{name} does not return {len(parts)} results", on=case, got=describe(returned),
                 expected=f"({wanted})", hint=f"end it with return {wanted}")  # fmt: skip
        for part, got in zip(parts, returned, strict=True):
            yield f"{name}, {part},", got, case

    return play


def play_layer(name, answer, case, hint=None):
    """Make a layer of a class, run it forward: `case` is x, after what the class is called with."""
    *settings, (_, x) = case.items()
    layer = call(name, answer, *(value for _, value in settings), hint=hint)
    made = f"{name}({', '.join(str(value) for _, value in settings)})"
    expect_method(made, layer, "forward")
    yield from play_forward(made, layer, x, hint)


def play_forward(made, layer, x, hint=None, **on):
    """Run a layer forward twice, on other numbers the second time: of the first nothing stays."""
    for what, numbers in ((f"{made}.forward", x), (f"{made}.forward, run again,", 0.5 - x)):
        numbers = numbers.astype(x.dtype)
        shown = {"x": numbers, **on}
        yield what, call(f"{made}.forward", layer.forward, numbers, on=shown, hint=hint), shown


@dataclass(frozen=True)
class Piece:
    """Something that a reader writes, and all that is needed to answer.

    Parameters
    ----------
    name : str
        What the reader calls it.
    right : callable
        The book's version.
    cases : callable () to iterable of dict
        Arguments by name, in the order of the call; the smallest case first, because the first
        that differs is the one that is shown.
    praise : str
        What a right answer proves.
    mistakes : dict of str to callable
        A sentence, and the wrong version that deserves it.
    promises : tuple of callables (answer)
        What values do not show; each fails with a message of its own.
    play : generator function (name, answer, case, reason)
        Yields (what was run, what it returned, the arguments to show), step by step.
    dtype : callable (case) to dtype, optional
        The precision that a result must have.
    swap : callable (answer) to str, optional
        Puts a right answer into the network and says what that shows.
    """

    name: str
    right: Callable
    cases: Callable
    praise: str
    mistakes: Mapping[str, Callable] = field(default_factory=dict)
    promises: tuple = ()
    play: Callable = play_function
    dtype: Callable | None = None
    swap: Callable | None = None

    def check(self, answer, keep=False):
        """Print praise, or raise an ExerciseError that names the first thing that is wrong.

        With `keep` a right answer is also written into the reader's file of pieces.
        """
        if isinstance(self.right, type):
            expect_class(self.name, answer)
        else:
            expect_function(self.name, answer, *inspect.signature(self.right).parameters)
        remarks = []
        for case in self.cases():
            self._compare(answer, case, remarks)
        self._check_again(answer)
        self._check_whole_numbers(answer)
        for promise in self.promises:
            promise(answer)
        said = f"{self.praise} {self.swap(answer)}" if self.swap else self.praise
        if keep:
            write_kept(self.name, answer)
            said += f" Kept in {MY_FILE}."
        praise(said, remarks)

    def _compare(self, answer, case, remarks=None, what="{}", said=None):
        """Run the answer beside the right version; return what the answer's steps returned.

        `said` is the hint if no mistake is known to give what the answer gives.
        """
        returned, copies = [], []
        # Asked only if something is wrong.
        reason = cache(lambda: self._reason(answer, len(returned)) or said)
        steps = self.play(self.name, self.right, case), self.play(self.name, answer, case, reason)
        for (_, expected, _), (step, got, on) in zip(*steps, strict=True):
            expect_array(
                what.format(step).replace(",,", ","),
                got,
                expected,
                on=on,
                dtype=self.dtype(case) if self.dtype and not said else None,
                reason=reason,
                remarks=remarks,
            )
            if isinstance(expected, int) and isinstance(got, float) and remarks is not None:
                remarks.append(f"{step} returns a float; a count is an integer (// gives one)")
            returned.append(got)
            copies.append(np.array(got))
        self._expect_unchanged(returned, copies)
        return returned

    def _check_again(self, answer):
        """Two calls of one shape: the second is right, too, and leaves the first result alone."""
        *_, case = self.cases()
        # One array alone: of two, a product would stay what it was.
        changed = next((name for name, value in case.items() if _is_floats(value)), None)
        other = case | {changed: -case[changed]} if changed else case
        first = self._compare(answer, case, what="{}, in a second call,")
        kept = [np.array(result) for result in first]
        self._compare(answer, other, what="{}, in a third call,")
        self._expect_unchanged(first, kept)

    def _check_whole_numbers(self, answer):
        """Ask a function about arrays of integers: its result may have fractions all the same."""
        *_, case = self.cases()
        for name, value in case.items() if self.play is play_function else ():
            if _is_floats(value):
                largest = np.abs(value).max(initial=0) or 1
                whole = case | {name: np.rint(4 * value / largest).astype(np.int64)}
                said = f"{name} holds whole numbers here; np.zeros_like({name}), or np.zeros with "
                said += f"{name}.dtype, then makes an array that cannot hold a fraction"
                self._compare(answer, whole, what="{}, on integers,", said=said)

    def _expect_unchanged(self, results, copies):
        """Fail if a later call has changed what an earlier one returned."""
        for result, before in zip(results, copies, strict=True):
            if not np.array_equal(result, before) and not _alike(result, before):
                fail(
                    f"the first result of {self.name} has changed after a second call",
                    got=result,
                    expected=before,
                    hint="a result that was given away must not change; make a new array each time",
                )

    def _reason(self, answer, step):
        """Return the sentence of the mistake that agrees with the answer in every case."""
        did = self._outcomes(answer, step)
        for sentence, wrong in self.mistakes.items():
            if all(map(_alike, did, self._outcomes(wrong, step))):
                return sentence
        return None

    def _outcomes(self, version, step):
        """Return what one step of a version returns in each case, or None where it fails."""
        outcomes = []
        for case in self.cases():
            try:
                steps = [got for _, got, _ in self.play(self.name, version, case)]
            except ExerciseError:
                steps = []
            outcomes.append(steps[step] if step < len(steps) else None)
        return outcomes


def _is_floats(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _alike(one, other):
    """Return whether two outcomes are the same to rounding, NaN and infinities included."""
    if one is None or other is None:
        return one is other
    try:
        # Single precision of one of them is no other outcome.
        coarse = np.float32 in (getattr(one, "dtype", None), getattr(other, "dtype", None))
        one, other = (np.asarray(each, np.float32 if coarse else float) for each in (one, other))
        finite = np.isfinite(one)
        return (
            one.shape == other.shape
            and np.array_equal(one[~finite], other[~finite], equal_nan=True)
            and same_numbers(one[finite], other[finite])
        )
    except Exception:  # a result that is no array of numbers
        return False
