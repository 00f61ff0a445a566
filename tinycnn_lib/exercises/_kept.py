"""A reader's own pieces, kept from chapter to chapter in a file beside the notebooks, my_cnn.py.

The file is Python, a block for each piece, written when a checker is told `keep=True`. It may be
read, changed and thrown away.
"""

import ast
import inspect
import linecache
import re
import symtable
import sys
import textwrap
from pathlib import Path

from tinycnn_lib.exercises._base import fail

MY_FILE = "my_cnn.py"
HEAD = "# My own pieces of a CNN, kept by the checkers. Delete this file to forget them.\n"
BLOCK = re.compile(r"^# --- (\w+) ---\n(.*?)(?=^# --- |\Z)", re.M | re.S)


def read_blocks():
    """Return the blocks of the file by the names of their pieces; no file, no blocks."""
    path = Path(MY_FILE)
    return dict(BLOCK.findall(path.read_text(encoding="utf-8"))) if path.exists() else {}


def write_kept(name, answer):
    """Write the source of `answer` into the file, in the place of an older one."""
    blocks = read_blocks() | {name: source_of(name, answer)}
    text = HEAD + "".join(f"\n# --- {key} ---\n{code.strip()}\n" for key, code in blocks.items())
    Path(MY_FILE).write_text(text, encoding="utf-8")


def read_kept(names, others):
    """Return what the file has of the pieces `names`, as a dict.

    The blocks run in one namespace, in which `others`, by name, stand ready for what a block needs
    and the file does not have.
    """
    namespace, found = dict(others), {}
    for key, code in read_blocks().items():
        try:
            exec(compile(code, f"{MY_FILE}, {key}", "exec"), namespace)
        except Exception as error:
            fail(
                f"{MY_FILE} cannot be read: its block {key} raised {type(error).__name__}: {error}",
                hint=f"mend the block, or delete it and keep {key} again",
                cause=error,
            )
        if key in names and key in namespace:
            found[key] = namespace[key]
    return found


def source_of(name, answer):
    """Return the source of a function or class, and before it what it needs of its notebook."""
    known = getattr(answer, "__name__", "<lambda>")
    if known == "<lambda>":
        fail(f"{name} cannot be kept: it has no name", hint=f"write it as def {name}(...):")
    parts = {}
    _collect(known, answer, parts, name)
    simple = [text for text in parts.values() if not text.startswith(("def ", "class ", "@"))]
    # What was found last is needed by what was found before it.
    return "\n".join([*simple, *(text for text in reversed(parts.values()) if text not in simple)])


def _collect(key, thing, parts, name):
    """Add the source of `thing`, known as `key`, and of all that it names."""
    code = getattr(thing, "__code__", None)
    if key in parts or (code and code.co_filename.startswith(MY_FILE)):  # that is in the file
        return
    module = getattr(thing, "__module__", None)
    if inspect.ismodule(thing):
        parts[key] = f"import {thing.__name__} as {key}"
    elif isinstance(thing, (int, float, str, tuple, type(None))):
        parts[key] = f"{key} = {thing!r}"
    elif (inspect.isroutine(thing) or inspect.isclass(thing)) and _is_installed(module):
        parts[key] = f"from {module} import {thing.__name__} as {key}"
    elif home := _home(key, thing):  # neither: NDArray, for one
        parts[key] = f"from {home} import {key}"
    else:
        text, namespace = _text_of(key, thing, name)
        parts[key] = text
        for used in _globals_of(symtable.symtable(text, key, "exec")):
            if used in namespace:
                _collect(used, namespace[used], parts, name)


def _globals_of(table):
    """Yield the names that code takes from around it; its own x is not the notebook's."""
    for symbol in table.get_symbols():
        if symbol.is_global() or (table.get_type() == "module" and symbol.is_referenced()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _globals_of(inner)


def _is_installed(module):
    """Tell whether a name comes from the standard library or from an installed package."""
    return bool(module) and module.partition(".")[0] in PACKAGES


def _home(key, thing):
    """Return the module of an installed package that has `thing` under this name, or None."""
    homes = (name for name in sys.modules if _is_installed(name) and "._" not in name)
    return next((name for name in homes if vars(sys.modules[name]).get(key) is thing), None)


PACKAGES = {"numpy", "math", "itertools", "functools", "operator", "collections", "tinycnn_lib"}


def _text_of(key, thing, name):
    """Return (the source of a function or class, the names around it), or fail."""
    functions = [thing, *vars(thing).values()] if hasattr(thing, "__dict__") else []
    function = next((f for f in functions if inspect.isfunction(f)), None)
    if function is not None:
        cell = "".join(linecache.getlines(function.__code__.co_filename))
        try:
            found = [
                node
                for node in ast.walk(ast.parse(cell))
                if getattr(node, "name", None) == getattr(thing, "__name__", key)
            ]
        except SyntaxError:  # a cell with a magic command
            found = []
        if function is thing and function.__closure__:
            around = ", ".join(function.__code__.co_freevars)
            fail(
                f"{name} cannot be kept: {key} takes {around} from the function that made it",
                hint="define it outside of that function, and give it all that it needs",
            )
        if found:
            node = max(found, key=lambda node: node.lineno)  # what was defined last counts
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            lines = cell.splitlines()[first - 1 : node.end_lineno]
            return textwrap.dedent("\n".join(lines)), function.__globals__
    what = f"{name} cannot be kept: the source of {key} is not found"
    if function is None:
        what = f"{name} cannot be kept: it uses {key}, which your notebook made elsewhere"
    return fail(what, hint=f"define all that it needs in its own cell, or pass {key} to it")
