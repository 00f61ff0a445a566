// What the book's pages do on their own: small helps that work without a network.
(() => {
  "use strict";

  // A block that scrolls sideways can be reached and scrolled with the keyboard, and says so.
  const wide = (block) => block.scrollWidth > block.clientWidth + 1;
  function reachWideBlocks() {
    const table = ".pst-scrollable-table-container";
    for (const block of document.querySelectorAll(`.formula-scroll, .math.too-wide, ${table}`)) {
      if (wide(block)) {
        block.tabIndex = 0;
        block.role = "group";
        block.ariaLabel = `${block.matches(table) ? "Table" : "Formula"}, scrolls sideways`;
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) block.removeAttribute(name);
      }
    }
    document.querySelectorAll(scrolling).forEach(fade);
  }

  // Its edge fades as long as there is more to the right.
  const scrolling = ".formula-scroll, .math.too-wide, .pst-scrollable-table-container, article pre";
  const fade = (block) =>
    block.classList.toggle(
      "goes-on",
      wide(block) && block.scrollLeft + block.clientWidth < block.scrollWidth - 2,
    );
  document.addEventListener(
    "scroll",
    ({ target }) => target instanceof Element && target.matches(scrolling) && fade(target),
    { capture: true, passive: true },
  );

  // A formula within a line that is wider than a phone scrolls inside itself.
  function holdWideFormulas() {
    for (const formula of document.querySelectorAll(".math.too-wide")) {
      formula.classList.remove("too-wide");
    }
    const screen = document.documentElement.clientWidth;
    const beyond = [...document.querySelectorAll("article span.math")].filter(
      (formula) => formula.getBoundingClientRect().right > screen,
    );
    for (const formula of beyond) formula.classList.add("too-wide");
    reachWideBlocks();
  }

  let pending = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(holdWideFormulas);
  });
  addEventListener("load", holdWideFormulas);
  document.addEventListener("toggle", holdWideFormulas, true);

  // A copied formula is its LaTeX source, not the loose letters of its drawing.
  const source = (formula) => formula.querySelector("annotation")?.textContent ?? "";
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || !event.clipboardData) return;
    const fragment = selection.getRangeAt(0).cloneContents();
    const formulas = [...fragment.querySelectorAll(".katex")];
    if (!formulas.length) return;
    for (const formula of formulas) {
      const mark = formula.parentElement?.classList.contains("katex-display") ? "$$" : "$";
      formula.replaceWith(mark + source(formula) + mark);
    }
    event.clipboardData.setData("text/plain", fragment.textContent);
    event.preventDefault();
  });

  // A link to something folded away unfolds it.
  function unfoldTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    let folded = false;
    for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      folded ||= !fold.open;
      fold.open = true;
    }
    if (folded) target.scrollIntoView();
  }
  addEventListener("hashchange", unfoldTarget);
  unfoldTarget();

  // The search shows what it found as a reader would read it: formulas once, no menus, no code.
  if (typeof Search !== "undefined") {
    // A page that is opened from a folder may read no other: it names the places it found.
    if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    const toText = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      const main = page.querySelector("article");
      const unread = ".katex-html, annotation, div.highlight, summary";
      for (const part of page.querySelectorAll(unread)) part.remove();
      if (main) page.querySelector("[role=main]")?.replaceChildren(main);
      return toText(page.documentElement.outerHTML, anchor);
    };
  }

  // On paper everything is unfolded, every image is there, and the night is over.
  const look = document.documentElement.dataset;
  addEventListener("beforeprint", () => {
    look.themeOnScreen = look.theme;
    look.theme = "light";
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
    for (const fold of document.querySelectorAll("article details:not([open])")) {
      fold.open = true;
      fold.dataset.unfolded = "print";
    }
  });
  addEventListener("afterprint", () => {
    look.theme = look.themeOnScreen;
    for (const fold of document.querySelectorAll("details[data-unfolded]")) {
      fold.open = false;
      delete fold.dataset.unfolded;
    }
  });
})();
