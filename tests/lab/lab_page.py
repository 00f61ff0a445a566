"""A notebook in JupyterLab, operated as a reader operates it."""

SECONDS = 1000
RUN_SECONDS = 300  # of a whole chapter, on a busy machine
LOCAL = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
# Text of rendered Markdown without code and mathematics, folded text included.
PROSE = """(cells) => cells.map((cell) => {
  const copy = cell.querySelector(".myst, .jp-RenderedMarkdown")?.cloneNode(true);
  if (!copy) return "";
  copy.querySelectorAll("pre, code, .katex, mjx-container").forEach((part) => part.remove());
  return copy.textContent;
})"""
RENDERED = """[...document.querySelectorAll(".jp-MarkdownCell")].every(
  (cell) => cell.querySelector(".myst, .jp-RenderedMarkdown")?.textContent.trim())"""
ERRORS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
# A folded cell shows no prompt, so the model is asked.
CODE_CELLS = """[...window.jupyterapp.shell.currentWidget.content.model.cells]
  .filter((cell) => cell.type === "code")"""
# After an error, the cells that still wait are given up.
ENDED = f"""(errors) => {{
  const cells = {CODE_CELLS};
  const waiting = cells.some((cell) => cell.executionState === "running");
  const failed = document.querySelector(errors) && !waiting;
  return failed || cells.every((cell) => cell.executionCount);
}}"""
UNRUN = f"() => {CODE_CELLS}.filter((cell) => !cell.executionCount).length"
IMAGES = ".jp-OutputArea-output img"
LOADED = f"[...document.querySelectorAll('{IMAGES}')].every((image) => image.complete)"


class LabPage:
    """A tab with one notebook open, its kernel ready; what it asked other hosts for."""

    def __init__(self, browser, address):
        self.foreign = []
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000})
        self.context.route("**/*", self._refuse_foreign)
        self.page = self.context.new_page()
        self.page.set_default_timeout(90 * SECONDS)
        self.page.goto(address)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.wait_until_idle()

    def _refuse_foreign(self, route):
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def wait_until_idle(self):
        """Wait until the status bar says that the kernel is there and has nothing to do."""
        self.page.locator("#jp-main-statusbar").get_by_text("Idle").wait_for()

    def menu(self, name, item):
        """Choose an item of the menu bar."""
        bar = self.page.locator("#jp-MainMenu")
        bar.get_by_text(name, exact=True).click()
        entry = self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True)
        entry.click()

    def run_all(self):
        """Run a notebook without outputs, all of it."""
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(ENDED, arg=ERRORS, timeout=RUN_SECONDS * SECONDS)
        self.wait_until_idle()
        unrun = self.page.evaluate(UNRUN)
        errors = "\n".join(self.page.locator(ERRORS).all_inner_texts())
        assert not unrun, f"{unrun} cells were not run after this error:\n{errors}"
        self.page.wait_for_function(LOADED)

    def save(self):
        """Save, and wait until the server has it."""
        saved = self.page.expect_response(
            lambda r: r.request.method == "PUT" and "/api/contents/" in r.url
        )
        with saved as response:
            self.page.keyboard.press("Control+s")
        assert response.value.ok, response.value.text()

    def cells(self):
        """Return the locator of all cells."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def prose(self):
        """Return the rendered text of each Markdown cell, by its place in the notebook."""
        self.page.wait_for_function(RENDERED)
        texts = self.cells().evaluate_all(PROSE)
        return {place: text for place, text in enumerate(texts) if text}

    def answer(self, place, source):
        """Replace a cell's source, run it, return the text that it puts out."""
        self.cells().nth(place).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        return self.run_cell(place)

    def run_cell(self, place):
        """Run a cell without outputs; return the text that it puts out."""
        cell = self.cells().nth(place)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        output = cell.locator(".jp-OutputArea-output")
        output.first.wait_for()
        return "\n".join(output.all_inner_texts()).strip()
