"""Run a reader's answer in the page: in names of its own, with what it printed and what came of it.

The page's worker calls `run`. The verdict is the checker's own; nothing here knows an exercise.
"""

import ast
import io
import linecache
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

LIMIT = 20_000  # characters of output
CHAPTER, ANSWER = "the chapter", "your answer"
KEPT = Path("my_cnn.py")  # the reader's pieces, carried from page to page


class Output(io.TextIOBase):
    """Collect what is printed, up to LIMIT characters."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        if len(self.text) > LIMIT:
            self.text = self.text[:LIMIT]
            raise RuntimeError(f"more than {LIMIT:,} characters were printed")
        return len(text)


def remember(source, name):
    """Let an error quote the lines of code that is in no file."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def run(before, code, checks, kept):
    """Run `before`, the chapter's code, then the reader's `code`, then the `checks`.

    Returns
    -------
    dict
        `kind`: "right" or "wrong" (what the checks said), "ran" (there was no check) or "error";
        `text`: what to show; `kept`: what `my_cnn.py` holds now.
    """
    out, names = Output(), {"__name__": "__main__"}
    KEPT.unlink(missing_ok=True)
    if kept:
        KEPT.write_text(kept, encoding="utf-8")
    kind, said = "right" if checks else "ran", ""
    try:
        remember(before, CHAPTER)
        with redirect_stdout(io.StringIO()):
            exec(compile(before, CHAPTER, "exec"), names)
        for check in ast.parse(checks).body:  # the chapter's own answers are not the reader's
            for asked in check.value.args:
                names.pop(ast.unparse(asked), None)
        with redirect_stdout(out), redirect_stderr(out):
            show_last(code, names)
            exec(checks, names)
    except BaseException as error:  # SystemExit, too: Python goes on
        is_verdict = type(error).__name__ == "ExerciseError"
        kind, said = ("wrong", str(error)) if is_verdict else ("error", explained(error))
    kept = KEPT.read_text(encoding="utf-8") if KEPT.exists() else ""
    return {"kind": kind, "text": (out.text + said).strip(), "kept": kept}


def show_last(code, names):
    """Run code as a notebook does: the value of a last line that is an expression is shown."""
    remember(code, ANSWER)
    tree = ast.parse(code, ANSWER)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, ANSWER, "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), ANSWER, "eval"), names)
        if value is not None:
            print(repr(value))


def explained(error):
    """Return an error in words, with the reader's own lines only."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == ANSWER]
    where = [f"line {f.lineno}, in {f.name}:\n    {f.line}\n" for f in frames[-6:]]
    what = "".join(traceback.format_exception_only(error))
    if isinstance(error, ModuleNotFoundError):
        what += "The page has NumPy and tinycnn_lib. For all else, open the notebook."
    return "".join(where).replace(", in <module>", "") + what
