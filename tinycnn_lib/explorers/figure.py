"""What the living figures share: one widget class, joined scripts, a stored form that repeats."""

import base64
import hashlib
import io
import json
import pathlib
import re
from collections import Counter

import matplotlib.pyplot as plt
import traitlets
from ipywidgets import DOMWidget, Layout
from PIL import Image

from tinycnn_lib.plotting import use_book_style

try:
    from anywidget import AnyWidget
except ModuleNotFoundError:  # as on Colab: then the figure is its still picture
    AnyWidget = None

HERE = pathlib.Path(__file__).parent
DOTS_PER_INCH = 96  # CSS pixels; the picture is stored with twice as many
COLORS = 128  # of the stored picture

_shown = Counter()  # how often each content was made in this kernel


def join_scripts(*names):
    """Return the JavaScript files `names` as one module, in this order.

    Each file is an ES module by itself, so that tests can import it. A widget is one module, so
    `import` lines go (they stand alone on their line) and so does the word `export`, but not
    `export default`.

    Raises
    ------
    FileNotFoundError
        If there is no such file beside this one.
    """
    text = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    text = re.sub(r"^import .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)


def join_styles(*names):
    """Return the style sheets `names` as one."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


class LivingFigure(AnyWidget or DOMWidget):
    """A figure that answers to pointer and keys, with a still picture of the same state.

    A subclass sets `_esm` and `_css` and defines `draw`, `describe` and `alt`.

    Parameters
    ----------
    data : dict
        All that the figure shows, in lists, strings and numbers.
    """

    data = traitlets.Dict().tag(sync=True)

    def __init__(self, data):
        content = json.dumps([type(self).__name__, data], allow_nan=False)
        _shown[content] += 1
        # Jupyter's model ids are random; these repeat from run to run and differ within one.
        name = hashlib.sha256(f"{_shown[content]} {content}".encode()).hexdigest()[:32]
        frame = hashlib.sha256(name.encode()).hexdigest()[:32]
        super().__init__(model_id=name, layout=Layout(model_id=frame), data=data)

    def describe(self):
        """Return the figure's numbers as lines of text."""
        raise NotImplementedError

    def alt(self):
        """Return one line that stands in for the still picture; the page takes it as its alt."""
        raise NotImplementedError

    def draw(self):
        """Return the still picture, a Matplotlib figure."""
        raise NotImplementedError

    def __repr__(self):
        """Return what is to be seen, then the numbers: the same in every run, unlike an address."""
        return f"{self.alt()}\n{self.describe()}"

    def _repr_mimebundle_(self, **kwargs):
        with plt.rc_context():
            use_book_style()
            picture = self.draw()
            drawn, png = io.BytesIO(), io.BytesIO()
            picture.savefig(drawn, format="png", dpi=2 * DOTS_PER_INCH)
            width, height = (round(DOTS_PER_INCH * side) for side in picture.get_size_inches())
        # A palette makes the page a third as heavy, and the eye sees no difference.
        few_colors = Image.open(drawn).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        few_colors.save(png, "png", optimize=True, dpi=(2 * DOTS_PER_INCH, 2 * DOTS_PER_INCH))
        bundle = {
            "text/plain": repr(self),
            "image/png": base64.b64encode(png.getvalue()).decode("ascii"),
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.model_id,
            },
        }
        if AnyWidget is None:
            del bundle["application/vnd.jupyter.widget-view+json"]
            print("This figure stands still, for anywidget is missing: pip install anywidget")
        return bundle, {"image/png": {"width": width, "height": height, "alt": self.alt()}}


def rows_as_text(values, form="{:.2f}"):
    """Return a 2-D array as lines of aligned numbers, without a minus before a rounded zero."""
    cells = [[form.format(value) for value in row] for row in values]
    cells = [[form.format(0.0) if float(text) == 0 else text for text in row] for row in cells]
    width = max(len(text) for row in cells for text in row)
    return "\n".join("  " + " ".join(text.rjust(width) for text in row) for row in cells)
