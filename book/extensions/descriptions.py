"""Give every page its own description, the text that search engines and shared links show.

They stand in `_config.yml` under `page_descriptions`; a page without one is a warning.
"""

from html import escape

from sphinx.util import logging

logger = logging.getLogger(__name__)


def describe(app, pagename, templatename, context, doctree):
    """Write the description into the page's head and hand it to the social card."""
    if doctree is None:  # search and 404
        return
    text = app.config.page_descriptions.get(pagename)
    if not text:
        logger.warning("page_descriptions in _config.yml has no entry for %s", pagename)
        return
    context["metatags"] += f'<meta name="description" content="{escape(text)}" />\n'
    context["meta"] = {**(context.get("meta") or {}), "og:description": text}


def setup(app):
    """Run before the extension that writes the social cards."""
    app.add_config_value("page_descriptions", {}, "html")
    app.connect("html-page-context", describe, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
