"""The one look of the book's figures: a light panel that stays legible on a dark page.

Signs are blue (negative) and orange (positive), never red against green, and a number can always
be written into its cell. Positions count from 0, row first, like array indices.
"""

import numpy as np

from tinycnn_lib import extras

with extras.figures():
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Circle, Rectangle

PANEL = "#fbfaf6"  # behind every figure
INK = "#22262b"  # text and lines
MUTED = "#6b7078"  # what stands back: 4.9:1 on the panel
BLUE = "#1f5fa8"  # negative; first series
ORANGE = "#b85410"  # positive; second series
PURPLE = "#7b3f98"
TEAL = "#0b7a75"
SERIES = (BLUE, ORANGE, TEAL, PURPLE)

DIVERGING = LinearSegmentedColormap.from_list("tinycnn_diverging", [BLUE, PANEL, ORANGE])
# Ends light enough for dark text and dark rings on every cell.
SEQUENTIAL = LinearSegmentedColormap.from_list("tinycnn_sequential", [PANEL, "#7fa8d6"])
GRAYS = mpl.colormaps["gray"]  # images: 0 is black, 1 is white


def use_book_style():
    """Set Matplotlib's defaults to the book's style; call it once at the top of a notebook."""
    plt.rcParams.update(
        {
            "figure.facecolor": PANEL,
            "axes.facecolor": PANEL,
            "savefig.facecolor": PANEL,
            "figure.dpi": 96,
            "figure.figsize": (5.6, 3.4),
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",  # ships with Matplotlib: the same on every machine
            "font.size": 10,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.fontsize": 9,
            "legend.frameon": False,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "xtick.color": INK,
            "ytick.color": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": mpl.cycler(color=SERIES)
            + mpl.cycler(linestyle=["-", "--", "-.", ":"]),
            "image.interpolation": "nearest",
            "lines.linewidth": 1.8,
        }
    )


def show_image(ax, values, cmap=GRAYS, low=0.0, high=1.0, title=None):
    """Draw a 2-D array as square cells without ticks; row 0 on top.

    Parameters
    ----------
    ax : matplotlib Axes
    values : array_like, shape (H, W)
    cmap : colormap
    low, high : float
        The values of the colormap's two ends.
    title : str, optional

    Returns
    -------
    matplotlib.image.AxesImage
    """
    drawn = ax.imshow(values, cmap=cmap, vmin=low, vmax=high)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    if title is not None:
        ax.set_title(title)
    return drawn


def show_map(ax, values, limit=None, title=None):
    """Draw signed numbers on a scale symmetric about 0: blue negative, orange positive.

    Parameters
    ----------
    ax : matplotlib Axes
    values : array_like, shape (H, W)
    limit : float, positive, optional
        The scale runs from -limit to limit; by default the largest magnitude of `values`.
    title : str, optional

    Returns
    -------
    matplotlib.image.AxesImage
    """
    if limit is None:
        limit = float(np.abs(values).max()) or 1.0
    return show_image(ax, values, cmap=DIVERGING, low=-limit, high=limit, title=title)


def write_values(ax, values, form="{:.2f}", size=9):
    """Write each number into its cell, dark on light cells and light on dark ones.

    Parameters
    ----------
    ax : matplotlib Axes
        Its last image tells the cells' colors; without an image the text is dark.
    values : array_like, shape (H, W)
    form : str
        A format with one field.
    size : float, points
    """
    image = ax.images[-1] if ax.images else None
    for (row, column), value in np.ndenumerate(np.asarray(values)):
        color = INK
        if image is not None:
            red, green, blue, _ = image.cmap(image.norm(value))
            if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5:
                color = PANEL
        text = form.format(value)
        if not set(text) - set("-0."):
            text = text.lstrip("-")  # a rounded zero has no sign
        text = text.replace("-", "\N{MINUS SIGN}")
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=color)


def show_shares(ax, names, shares, height=0.6):
    """Draw probabilities as bars from left to right, each with its name and its number.

    Parameters
    ----------
    ax : matplotlib Axes
    names : sequence of str, K of them
    shares : array_like, shape (K,), in [0, 1]
    height : float, in (0, 1]
        How much of its row a bar fills.
    """
    bars = ax.barh(names, shares, color=BLUE, height=height)
    ax.bar_label(bars, fmt="{:.2f}", padding=3)
    ax.set_xlim(0, 1)
    ax.invert_yaxis()  # the first class on top
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)


def outline(ax, row, column, height=1, width=1, color=INK, linewidth=2.0, linestyle="-"):
    """Draw a frame around the cells from (row, column), `height` by `width`."""
    corner = (column - 0.5, row - 0.5)
    ax.add_patch(
        Rectangle(corner, width, height, fill=False, color=color, lw=linewidth, ls=linestyle)
    )


def show_windows(ax, shape, pool_size, color=INK):
    """Draw the border of every full pooling window of a map of `shape` (H, W)."""
    H, W = shape
    for row in range(0, H - pool_size + 1, pool_size):
        for column in range(0, W - pool_size + 1, pool_size):
            outline(ax, row, column, pool_size, pool_size, color=color, linewidth=1.5)


def circle_cells(ax, mask, color=INK):
    """Set cells apart by a ring around their number, so that color alone carries nothing.

    Parameters
    ----------
    ax : matplotlib Axes
    mask : array_like, shape (H, W)
        True, or not 0, at the cells to ring.
    """
    for row, column in np.argwhere(mask):
        ax.add_patch(Circle((column, row), 0.4, fill=False, color=color, lw=1.6))
