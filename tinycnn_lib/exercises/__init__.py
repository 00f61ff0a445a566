"""Checkers for the exercises: one for each that has code or a number as its answer.

A right answer prints one line. A wrong one raises `ExerciseError`, which says what failed, on
which small input, what came and what was expected.
"""

from tinycnn_lib.exercises._base import ExerciseError

__all__ = ["ExerciseError"]
