"""Keep together what a line may not tear apart: a formula and its comma, "Fig." and its number."""

import re

from docutils import nodes

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def keep_punctuation(doctree):
    """Let no line begin with the comma after a formula, nor end with the parenthesis before it.

    A formula is a row of boxes, and a browser may break a line on either side of a box, also where
    a word joiner stands (Chromium). So the two go into one element; see `.keep` in book.css.
    """
    for formula in list(doctree.findall(nodes.math)):
        parent, position = formula.parent, formula.parent.index(formula)
        around = parent.children[max(position - 1, 0) : position], parent[position + 1 :][:1]
        before, after = (part[0] if part and is_text(part[0]) else "" for part in around)
        opening = re.search(r"[(\[“]*$", before)
        closing = re.match(r"([^\s\w(\[“]+)?", after)
        if not (opening[0] or closing[0]):
            continue
        kept = nodes.inline("", *map(nodes.Text, filter(None, [opening[0]])), classes=["keep"])
        parent.replace(formula, kept)
        kept += [formula, nodes.Text(closing[0])]
        if opening[0]:
            parent.replace(before, nodes.Text(before[: opening.start()]))
        if closing[0]:
            parent.replace(after, nodes.Text(after[closing.end() :]))


def is_text(node):
    """Tell whether a node is plain words."""
    return isinstance(node, nodes.Text)


def keep_numbers(doctree):
    """Let no line break in a link like "Fig. 23.1"."""
    for link in doctree.findall(nodes.reference):
        for text in list(link.findall(nodes.Text)):
            kept = re.sub(r"^(Fig\.|[A-Z][a-z]+) (\d[\d.]*)$", rf"\1{NO_BREAK_SPACE}\2", text)
            if kept != text:
                text.parent.replace(text, nodes.Text(kept))


def keep_together(app, doctree, docname):
    """Do both on a page whose links are resolved."""
    if app.builder.format == "html":
        keep_punctuation(doctree)
        keep_numbers(doctree)


def setup(app):
    """Run when the numbers of figures are known."""
    app.connect("doctree-resolved", keep_together)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
