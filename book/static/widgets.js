// Runs the living figures of a built page: anywidget modules with the state that the notebook has
// stored. No kernel, no other library, no request. Until a figure runs, its still picture stays.
(() => {
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  // Picture and figure change places at once: two steps would move the page under its reader.
  const STYLE = `
    .living-figure { position: relative; }
    .living-figure:not(.living-now) > .living-widget { position: absolute; inset-inline: 0; visibility: hidden; }
    .living-now > .living-picture { display: none; }
    .living-text { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
    @media print {
      .living-now > .living-picture { display: block; }
      .living-now > :is(.living-widget, .living-text) { display: none; }
    }`;

  let stored = null; // parsed when the first figure comes near, not before
  function recordOf(id) {
    stored ??= JSON.parse(document.querySelector(STATE).textContent).state;
    return stored[id];
  }

  const models = new Map();
  function modelOf(id) {
    if (!models.has(id)) models.set(id, makeModel(recordOf(id)));
    return models.get(id);
  }

  function makeModel(record) {
    const values = { ...record.state };
    for (const { path, data } of record.buffers ?? []) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const owner = path.slice(0, -1).reduce((inner, key) => inner[key], values);
      owner[path.at(-1)] = new DataView(bytes.buffer);
    }
    const listeners = [];
    const emit = (event, ...rest) =>
      listeners.filter((l) => l.event === event).forEach((l) => l.callback(...rest));
    const model = {
      get: (key) => values[key],
      set(key, value) {
        const changes = Object.entries(typeof key === "object" ? key : { [key]: value });
        const real = changes.filter(([name, next]) => values[name] !== next);
        for (const [name, next] of real) {
          values[name] = next;
          emit(`change:${name}`, model, next);
        }
        if (real.length) emit("change", model);
      },
      on: (events, callback) =>
        events.split(" ").forEach((event) => listeners.push({ event, callback })),
      off(event, callback) {
        const kept = listeners.filter(
          (l) => (event && l.event !== event) || (callback && l.callback !== callback),
        );
        listeners.splice(0, listeners.length, ...kept);
      },
      save_changes() {}, // there is no kernel to tell
      send() {},
    };
    return model;
  }

  const modules = new Map(); // a Blob is importable under file:// too, a file is not
  async function importOnce(source) {
    if (!modules.has(source)) {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      modules.set(source, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    const { default: made } = await modules.get(source);
    return typeof made === "function" ? made() : made;
  }

  const styles = new Set();
  function addStyle(text) {
    if (!text || styles.has(text)) return;
    styles.add(text);
    const style = document.createElement("style");
    style.textContent = text;
    document.head.append(style);
  }

  // The picture goes; what its alternative text tells of the figure stays, for screen readers.
  let described = 0;
  function describe(place, el) {
    const alt = place.querySelector(".living-picture img")?.alt;
    if (!alt) return;
    const text = document.createElement("p");
    text.className = "living-text";
    text.id = `living-text-${++described}`;
    text.textContent = alt;
    el.before(text);
    el.querySelector("[role=group]")?.setAttribute("aria-describedby", text.id);
  }

  async function start(view) {
    try {
      const model = modelOf(JSON.parse(view.textContent).model_id);
      const widget = await importOnce(model.get("_esm"));
      const el = document.createElement("div");
      el.className = "living-widget";
      const { signal } = new AbortController();
      addStyle(model.get("_css"));
      await widget.initialize?.({ model, signal, experimental: {} });
      view.after(el);
      await widget.render({ model, el, signal, experimental: {} });
      describe(view.parentElement, el);
      view.parentElement.classList.add("living-now"); // only now may the picture go
      for (const image of view.parentElement.querySelectorAll("img")) image.loading = "eager"; // print
    } catch (error) {
      console.error(error); // the picture stays
      view.parentElement.querySelector(".living-widget")?.remove();
    }
  }

  addStyle(STYLE);
  // A figure that nobody has come near, or that lies in a closed fold, costs nothing.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        start(target.querySelector(VIEW));
      }
    },
    { rootMargin: "800px 0px" },
  );
  for (const view of document.querySelectorAll(VIEW)) near.observe(view.parentElement);
})();
