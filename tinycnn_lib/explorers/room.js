// Room for the tallest state: what stands below a figure must not move when a reader chooses.

const LINE = 20; // pixels to spare

// `show(state)` draws one of `states()` into `el`; `restore(held)` draws the reader's own again, where
// `held` says that the focus was inside. Anew when the width changes. Returns what to call after a draw.
export function makeRoom(el, { states, show, restore }) {
  let [width, tallest] = [0, 0];
  const keep = (height) => {
    tallest = Math.max(tallest, height);
    el.style.minHeight = `${tallest}px`;
  };
  function measure() {
    if (el.clientWidth === width) return;
    width = el.clientWidth;
    const held = el.contains(el.getRootNode().activeElement);
    tallest = 0;
    for (const state of states()) {
      el.style.minHeight = "";
      show(state);
      keep(el.offsetHeight);
    }
    keep(tallest + LINE);
    restore(held);
  }
  new ResizeObserver(() => requestAnimationFrame(measure)).observe(el); // which changes what it observes
  return () => keep(el.offsetHeight);
}

// A strip that scrolls sideways fades where there is more to see. Returns what to call after a draw.
export function fadeEnds(el) {
  const mark = () => {
    el.classList.toggle("lf-more-left", el.scrollLeft > 2);
    el.classList.toggle("lf-more-right", el.scrollLeft + el.clientWidth < el.scrollWidth - 2);
  };
  el.addEventListener("scroll", mark, { passive: true });
  new ResizeObserver(mark).observe(el);
  return mark;
}
