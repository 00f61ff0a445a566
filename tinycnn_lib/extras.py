"""What the library can do without: a message that says how to get it."""

from contextlib import contextmanager


@contextmanager
def figures():
    """Import in here what the extra `figures` installs; what is missing is named, with a remedy."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = error.name.partition(".")[0]
        raise ModuleNotFoundError(
            f"{package} is not installed, and the figures need it: "
            f"pip install {package}, or tinycnn_lib[figures] for all that they need",
            name=error.name,
        ) from error
