"""The directive `drawing`: a picture to draw on, answered by the networks of a chapter.

    :::{drawing} chapters/23-building-a-cnn
    :label: vertical

    The caption.
    :::

A page of Markdown runs no code. So the directive takes the networks and the picture from a living
figure that the notebook has stored, and writes what an executed cell would have left: a still
picture and a widget with its state, which `static/widgets.js` brings to life.
"""

import json
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

WIDGETS = "application/vnd.jupyter.widget-state+json"
FIGURE = """<div class="living-figure drawing"><div class="living-picture">
<img alt="{alt}" width="{width}" height="{height}" src="data:image/png;base64,{png}"></div>
<script type="application/vnd.jupyter.widget-view+json">{view}</script></div>
<script type="{kind}">{state}</script><script defer src="_static/widgets.js"></script>"""


def stored_networks(path):
    """Return the data of the first living figure in a notebook that shows networks."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for record in notebook["metadata"]["widgets"][WIDGETS]["state"].values():
        data = record["state"].get("data", {})
        if "networks" in data and "image" in data:
            return data
    raise ValueError(f"{path.name} stores no living figure with networks: run `make notebooks`")


class DrawingDirective(SphinxDirective):
    """For a page at the root of the book."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"label": directives.unchanged_required}

    def run(self):
        from tinycnn_lib.explorers.drawing import Drawing  # slow to import, and for one page

        path = self.env.srcdir / f"{self.arguments[0]}.ipynb"
        self.env.note_dependency(str(path))
        data = stored_networks(path)
        for network in data["networks"]:
            network["name"] = f"the {network['name']} network"
        figure = Drawing({**data, "label": self.options.get("label")})
        bundle, metadata = figure._repr_mimebundle_()
        state = {key: getattr(figure, key) for key in ("_esm", "_css", "data")}
        html = FIGURE.format(
            **metadata["image/png"],
            png=bundle["image/png"],
            kind=WIDGETS,
            view=json.dumps({"model_id": "drawing"}),
            state=json.dumps({"state": {"drawing": {"state": state}}}).replace("</", "<\\/"),
        )
        caption = nodes.caption()
        self.state.nested_parse(self.content, self.content_offset, caption)
        caption.children = caption.children[0].children  # of its one paragraph
        return [nodes.figure("", nodes.raw("", html, format="html"), caption, classes=["plain"])]


def setup(app):
    app.add_directive("drawing", DrawingDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
