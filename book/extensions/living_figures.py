"""Put a living figure's still picture into the HTML, for readers without JavaScript and for print.

An output that holds both a widget and an image becomes the image, its text behind it, and the
widget's view; `static/widgets.js` puts the widget in place of the picture once it runs. Other
builders keep myst-nb's choice.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class LivingFigures(SphinxPostTransform):
    """Runs just before myst-nb's SelectMimeType (4), which would keep the widget's view alone."""

    default_priority = 3
    formats = ("html",)

    def run(self, **kwargs):
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            found = {part["mime_type"]: part for part in bundle.children}
            if WIDGET_VIEW not in found or "image/png" not in found:
                continue
            picture = nodes.container(classes=["living-picture"])
            picture += found["image/png"].children
            text = found["text/plain"].astext() if "text/plain" in found else ""
            for image in picture.findall(nodes.image):
                image["alt"] = image.get("alt") or text.partition("\n")[0]
            figure = nodes.container(classes=["living-figure"])
            figure += [picture, *found[WIDGET_VIEW].children]
            bundle.replace_self(figure)


def setup(app):
    app.add_post_transform(LivingFigures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
