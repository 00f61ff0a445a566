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

from tinycnn_lib.exercises._answers import expect_function
from tinycnn_lib.exercises._arrays import expect_array, same_numbers
from tinycnn_lib.exercises._base import ExerciseError, call, fail, praise


def play_function(name, answer, case, hint=None):
    """Call a function once: yields its name, what it returns, and what it was called with."""
    yield name, call(name, answer, *case.values(), on=case, hint=hint), case


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
    """

    name: str
    right: Callable
    cases: Callable
    praise: str
    mistakes: Mapping[str, Callable] = field(default_factory=dict)
    promises: tuple = ()
    play: Callable = play_function
    dtype: Callable | None = None

    def check(self, answer):
        """Print praise, or raise an ExerciseError that names the first thing that is wrong."""
        if self.play is play_function:
            expect_function(self.name, answer, *inspect.signature(self.right).parameters)
        remarks = []
        for case in self.cases():
            self._compare(answer, case, remarks)
        self._check_again(answer)
        for promise in self.promises:
            promise(answer)
        praise(self.praise, remarks)

    def _compare(self, answer, case, remarks=None, what="{}"):
        """Run the answer beside the right version; return what the answer's steps returned."""
        returned = []
        reason = cache(lambda: self._reason(answer, len(returned)))  # only if something is wrong
        steps = self.play(self.name, self.right, case), self.play(self.name, answer, case, reason)
        for (_, expected, _), (step, got, on) in zip(*steps, strict=True):
            expect_array(
                what.format(step),
                got,
                expected,
                on=on,
                dtype=self.dtype(case) if self.dtype else None,
                reason=reason,
                remarks=remarks,
            )
            returned.append(got)
        return returned

    def _check_again(self, answer):
        """Two calls of one shape: the second is right, too, and leaves the first result alone."""
        *_, case = self.cases()
        other = {name: -a if isinstance(a, np.ndarray) else a for name, a in case.items()}
        first = self._compare(answer, case, what="{}, in a second call,")
        kept = [np.array(result) for result in first]
        self._compare(answer, other, what="{}, in a third call,")
        for result, before in zip(first, kept, strict=True):
            if not np.array_equal(result, before):
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


def _alike(one, other):
    """Return whether two outcomes are the same to rounding."""
    if one is None or other is None:
        return one is other
    try:
        return same_numbers(one, other)
    except Exception:  # a result that is no array of numbers
        return False
