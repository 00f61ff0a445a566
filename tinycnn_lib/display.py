"""Show library code in a notebook: the source itself, so that page and code cannot differ."""

import inspect
import textwrap

from tinycnn_lib import extras

with extras.figures():
    from IPython.display import Markdown


def show_source(thing):
    """Return the source code of a class, function or method as a highlighted code block.

    Parameters
    ----------
    thing : class, function or method
        Defined in a file, such as `Conv2D` or `Conv2D.forward`.

    Returns
    -------
    IPython.display.Markdown

    Raises
    ------
    TypeError
        If `thing` has no Python source, as an instance or a compiled function has none.
    """
    try:
        source = inspect.getsource(thing)
    except (TypeError, OSError):
        raise TypeError(
            f"thing: expected a class, function or method written in Python, got {thing!r}; "
            "for an instance pass its class, show_source(type(thing))"
        ) from None
    return Markdown(f"```python\n{textwrap.dedent(source).rstrip()}\n```")
