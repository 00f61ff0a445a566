"""Link each symbol to its row of the notation page, where a chapter first uses it.

A formula in the first column of a table of `appendix/notation.md` is a symbol; its address is
`appendix/notation.html#symbol-F`, with what LaTeX calls it. A symbol with two rows has two meanings
and is not linked.
"""

import re

from docutils import nodes

NOTATION = "appendix/notation"


def address_of(formula):
    """Return the id of a symbol: `\\hat{y}` is `symbol-hat-y`, `H'` is `symbol-H-prime`."""
    words = formula.replace("'", " prime ").replace("*", " ast ")
    return "-".join(["symbol", *re.findall(r"\w+", words.replace("_", " "))])


def collect(app, doctree):
    """Give the rows of the notation page their addresses."""
    if app.env.docname != NOTATION:
        return
    rows = [row[0] for body in doctree.findall(nodes.tbody) for row in body]
    found = [formula for cell in rows for formula in cell.findall(nodes.math)]
    texts = [formula.astext() for formula in found]
    app.env.book_symbols = {}
    for formula, text in zip(found, texts, strict=True):
        if texts.count(text) == 1:
            place = nodes.inline(ids=[address_of(text)])
            formula.replace_self(place)
            place += formula
            app.env.book_symbols[text] = address_of(text)


def is_plain(formula):
    """Tell whether a formula stands in text, where it may become a link."""
    above = formula.parent
    while above is not None and not isinstance(above, nodes.document):
        if isinstance(above, nodes.title | nodes.reference | nodes.caption):
            return False
        above = above.parent
    return "keep" not in formula.parent.get("classes", ())  # see typography.py


def link_first_uses(app, doctree, docname):
    """Wrap the first use of each symbol in a chapter with a link to its row."""
    if not docname.startswith("chapters/"):
        return
    page = app.builder.get_relative_uri(docname, NOTATION)
    waiting = dict(getattr(app.env, "book_symbols", {}))
    for formula in list(doctree.findall(nodes.math)):
        address = is_plain(formula) and waiting.pop(formula.astext(), None)
        if address:
            link = nodes.reference("", "", internal=True, refuri=f"{page}#{address}")
            link["classes"] = ["symbol"]
            link["reftitle"] = f"{formula.astext()}, in the notation"  # MathML names no link
            formula.replace_self(link)
            link += formula


def setup(app):
    """Run before the formulas are typeset."""
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", link_first_uses, priority=300)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
