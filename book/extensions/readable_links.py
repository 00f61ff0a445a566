"""Links whose words also stand where nothing resolves them: in JupyterLab, with or without MyST.

JupyterLab knows neither the number of a figure, whose name lives in its cell, nor the bibliography;
of the roles {numref} and {cite} it leaves the bare name. So the chapters write links:

    [the figure below](#fig-23-relu)                                  the page says "Fig. 23.2"
    [He et al. (2015)](../appendix/bibliography.md#he2015delving)     "He et al. (2015) [9]"
"""

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

BIBLIOGRAPHY = "appendix/bibliography"


class NumberFigures(SphinxTransform):
    """Let a link to a figure be what {numref} makes: its number takes the place of the words."""

    default_priority = 870  # before MyST looks the anchor up among the page's own

    def apply(self):
        """Replace each link to an anchor that starts with fig-."""
        for link in list(self.document.findall(nodes.reference)):
            anchor = link.get("refuri", "")
            if anchor.startswith("#fig-"):
                reference = pending_xref(
                    "", nodes.inline("", link.astext()), refdomain="std", reftype="numref",
                    reftarget=anchor[1:], refdoc=self.env.docname, refexplicit=False, refwarn=True,
                )  # fmt: skip
                reference.source, reference.line = link.source, link.line
                link.replace_self(reference)


class CitePapers(SphinxPostTransform):
    """Let a link to the bibliography's page and a key of references.bib be words and a citation."""

    default_priority = 8  # before MyST looks for a heading of that name

    def run(self):
        """Put behind the words what {cite} makes; an unknown key is a warning."""
        cite = self.env.get_domain("cite")
        for link in list(self.document.findall(pending_xref)):
            key = link.get("reftargetid")
            if link["reftarget"] == BIBLIOGRAPHY and key:
                number = cite.resolve_xref(
                    self.env, self.env.docname, self.app.builder, "p", key, link, link[0]
                )
                link.replace_self([*link[0].children, nodes.Text(" "), number])


def setup(app):
    """Register both."""
    app.add_transform(NumberFigures)
    app.add_post_transform(CitePapers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
