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

  // A copied formula is its LaTeX source, not the loose letters of its drawing, and is copied whole.
  const source = (formula) => formula.querySelector("annotation")?.textContent ?? "";
  function formulaAround(node) {
    const element = node instanceof Element ? node : node.parentElement;
    return element.closest(".katex-display") ?? element.closest(".katex");
  }
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || !event.clipboardData || !article) return;
    const range = selection.getRangeAt(0).cloneRange();
    const [first, last] = [range.startContainer, range.endContainer].map(formulaAround);
    if (first) range.setStartBefore(first);
    if (last) range.setEndAfter(last);
    const copied = document.createElement("div");
    copied.append(range.cloneContents());
    const formulas = [...copied.querySelectorAll(".katex")];
    if (!formulas.length) return;
    for (const formula of formulas) {
      const mark = formula.parentElement?.classList.contains("katex-display") ? "$$" : "$";
      formula.replaceWith(mark + source(formula) + mark);
    }
    for (const cell of copied.querySelectorAll("td > p, th > p")) cell.replaceWith(...cell.childNodes);
    article.append(copied); // laid out, it has its lines, and tabs between the cells of a table
    event.clipboardData.setData("text/plain", copied.innerText);
    event.clipboardData.setData("text/html", copied.innerHTML);
    copied.remove();
    event.preventDefault();
  });

  // Open the folds around an element; tell whether one was closed.
  function unfold(element) {
    let folded = false;
    for (let fold = element?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      folded ||= !fold.open;
      fold.open = true;
    }
    return folded;
  }

  // A link to something folded away unfolds it. An address may end in anything: #50% is no code.
  function unfoldTarget() {
    let name = location.hash.slice(1);
    try {
      name = decodeURIComponent(name);
    } catch {} // as it stands
    const target = document.getElementById(name);
    if (unfold(target)) target.scrollIntoView();
  }
  addEventListener("hashchange", unfoldTarget);
  unfoldTarget();

  // A search leads to the first place of its words, folded or not, and selects it: of all of them
  // in a row, else of one.
  const UNREAD_HERE = ".katex, .headerlink, script, style, textarea";
  function showFound(words) {
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      if (text.parentElement.closest(UNREAD_HERE)) continue;
      const word = words.find((one) => text.data.toLowerCase().includes(one));
      if (!word) continue;
      const start = text.data.toLowerCase().indexOf(word);
      unfold(text.parentElement);
      text.parentElement.scrollIntoView({ block: "center" });
      getSelection().setBaseAndExtent(text, start, text, start + word.length);
      return true;
    }
    return false;
  }
  const searched = new URLSearchParams(location.search).get("highlight");
  if (article && searched && !location.hash) [[searched], searched.split(" ")].some(showFound);

  // The search shows what it found as a reader would read it: formulas once, no menus, no code.
  if (typeof Search !== "undefined") {
    // A page that is opened from a folder may read no other: it names the places it found.
    if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    const passWords = ({ target }) => {
      const link = target.closest?.("#search-results a[href]");
      const query = new URLSearchParams(location.search).get("q");
      if (link && query) link.search = new URLSearchParams({ highlight: query.toLowerCase().trim() });
    };
    for (const kind of ["click", "auxclick"]) document.addEventListener(kind, passWords, true);
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
