// What the book's pages do on their own: small helps that work without a network.
(() => {
  "use strict";

  // A block that scrolls sideways can be reached and scrolled with the keyboard, and says so; its
  // edge fades as long as there is more to the right. So does a formula within a line that is wider
  // than a phone.
  const TABLE = ".pst-scrollable-table-container";
  const NAMED = `.formula-scroll, .math.too-wide, ${TABLE}`;
  const SCROLLING = `${NAMED}, article pre`;
  const isWide = (block) => block.scrollWidth > block.clientWidth + 1;
  const goesOn = (block) => block.scrollLeft + block.clientWidth < block.scrollWidth - 2;

  function mark(block, wide, more) {
    block.classList.toggle("goes-on", wide && more);
    if (block.matches("span.math")) block.classList.toggle("too-wide", wide);
    if (wide) {
      block.tabIndex = 0;
      if (block.matches("pre")) return;
      block.role = "group";
      block.ariaLabel = `${block.matches(TABLE) ? "Table" : "Formula"}, scrolls sideways`;
    } else if (block.matches("[tabindex]")) {
      for (const name of ["tabindex", "role", "aria-label"]) block.removeAttribute(name);
    }
  }

  // What a closed fold hides is not measured, for that would make the browser lay it out. All is read
  // before anything is written, for the same reason.
  const shown = new Set();
  let marking = 0; // one run at a time: of two, the earlier would mark what the later has measured
  function measure() {
    const screen = document.documentElement.clientWidth;
    const marks = [...shown].map((block) =>
      block.matches(SCROLLING)
        ? [block, isWide(block), goesOn(block)]
        : [block, block.getBoundingClientRect().right > screen, true],
    );
    cancelAnimationFrame(marking);
    marking = requestAnimationFrame(() => {
      for (const [block, wide, more] of marks) mark(block, wide, more);
    });
  }

  const article = document.querySelector("article");
  if (article) {
    const watcher = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          shown[isIntersecting ? "add" : "delete"](target);
        }
        measure();
      },
      { rootMargin: "9999999px" }, // the whole page
    );
    for (const block of article.querySelectorAll(`${SCROLLING}, span.math:not(.formula)`))
      watcher.observe(block);
    new ResizeObserver(measure).observe(article); // a new width
    document.fonts.ready.then(measure);
  }
  document.addEventListener(
    "scroll",
    ({ target }) =>
      target instanceof Element &&
      target.matches(SCROLLING) &&
      target.classList.toggle("goes-on", isWide(target) && goesOn(target)),
    { capture: true, passive: true },
  );

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
})();
