// Answer cells that answer: the reader types, Python in the page checks. Without JavaScript, on
// paper, and in an old browser the cells stay what they were.
(() => {
  "use strict";
  // Where Python's files lie, the page's name, and its own file there.
  const { runtime, page, data } = document.currentScript.dataset;
  const CALL = /^# (check_\w+\(.*\))$/gm;
  const GIVEN = /^# Your answer.*\n/;
  // Then it is taken for a loop without an end. A test on a busy machine asks for more patience.
  const patience = window.answerPatience ?? 1;
  const SECONDS = { check: 20 * patience, run: 180 * patience, start: 120 * patience };
  const HEADS = {
    right: "✓ Right",
    wrong: "✗ Not yet",
    ran: "Done",
    error: "⚠ Python stopped at an error",
    stopped: "■ Stopped",
    dead: "⚠ Python could not be started",
  };

  // --- what is kept, in this browser alone -----------------------------------------------------
  const store = {
    read() {
      try {
        return JSON.parse(localStorage.getItem("book answers")) ?? {};
      } catch {
        return {}; // a private window, or not ours
      }
    },
    change(how) {
      const all = store.read();
      how(all);
      try {
        localStorage.setItem("book answers", JSON.stringify(all));
      } catch {
        // then it lasts as long as the page
      }
    },
    answer: (id) => store.read()[page]?.[id] ?? {},
    set: (id, what) =>
      store.change((all) => Object.assign(((all[page] ??= {})[id] ??= {}), what)),
    forget: (id) => store.change((all) => delete all[page]?.[id]),
  };

  // --- Python: one worker for the page, started at the first run -------------------------------
  const addScript = (src) =>
    new Promise((resolve, reject) => {
      const onerror = () => reject(new Error(`${src.split("/").pop()} is missing`));
      document.head.append(make("script", { src, onload: resolve, onerror }));
    });

  async function fetchFile([name, file, length], report, signal) {
    for (const cache of ["default", "reload"]) {
      const answer = await fetch(runtime + file, { cache, signal });
      if (!answer.ok) throw new Error(`${file}: HTTP ${answer.status}`);
      const parts = [];
      let got = 0;
      try {
        for (const reader = answer.body.getReader(); ; ) {
          const { done, value } = await reader.read();
          if (done) break;
          parts.push(value);
          got += value.length;
          report(file, got);
        }
      } catch (error) {
        if (signal.aborted) throw error;
        continue; // cut off on its way
      }
      if (got === length) return [name, new Uint8Array(await new Blob(parts).arrayBuffer())];
    }
    throw new Error(`${file} arrived incomplete, twice`);
  }

  const python = {
    worker: null,
    files: null,
    queue: Promise.resolve(),

    async load(say) {
      say("Python is being loaded, once …");
      if (!window.bookPython) await addScript(runtime + data);
      const { files } = window.bookPython;
      if (location.protocol === "file:") {
        await addScript(`${runtime}offline.js`);
        const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const found = Object.entries(window.offlinePython.files);
        return Object.fromEntries(found.map(([name, text]) => [name, bytes(text)]));
      }
      const total = files.reduce((sum, [, , length]) => sum + length, 0);
      const arrived = {};
      const megabytes = (count) => (count / 1e6).toFixed(1);
      const report = (file, got) => {
        arrived[file] = got;
        const sum = Object.values(arrived).reduce((a, b) => a + b, 0);
        say(`Python is being loaded, once: ${megabytes(sum)} of ${megabytes(total)} MB …`, true);
      };
      const loading = new AbortController();
      python.stop = () => loading.abort(new Error("you stopped it"));
      const all = files.map((file) => fetchFile(file, report, loading.signal));
      return Object.fromEntries(await Promise.all(all));
    },

    async start(say) {
      python.files ??= await python.load(say);
      say("Python is starting …");
      const { worker } = window.bookPython;
      const source = window.offlinePython?.worker;
      const address = source ? `data:text/javascript,${encodeURIComponent(source)}` : runtime + worker;
      python.worker = new Worker(address, { type: "module" });
      const { failed } = await python.ask({ files: python.files }, SECONDS.start);
      if (failed) {
        python.worker = null;
        throw new Error(failed);
      }
    },

    // Send a message and return the answer, or "stopped": after some seconds, or by `stop`.
    ask(message, seconds) {
      return new Promise((resolve) => {
        const { worker } = python;
        const end = (answer) => {
          clearTimeout(clock);
          resolve(answer);
        };
        const give = (text) => {
          worker.terminate();
          python.worker = null;
          end({ kind: "stopped", failed: text, text });
        };
        const late = `Stopped after ${seconds} seconds. Is there a loop that does not end?`;
        const clock = setTimeout(() => give(late), seconds * 1000);
        python.stop = () => give("Stopped by you.");
        worker.onerror = (event) => give(event.message || "its worker could not be loaded");
        worker.onmessage = ({ data }) => {
          if (data.dead) give(`Python had to end: ${data.dead}\nThe next Check starts it anew.`);
          end(data);
        };
        worker.postMessage(message);
      });
    },

    // One after the other: two answers share one Python.
    run(message, say, seconds) {
      const turn = python.queue.then(async () => {
        if (!python.worker) await python.start(say);
        say("Python is at work …");
        const all = window.bookPython;
        const before = all.before[message.id] ?? all.before.scratch;
        const answer = await python.ask({ ...message, before, kept: store.read().kept ?? "" }, seconds);
        if ("kept" in answer) store.change((kept) => (kept.kept = answer.kept));
        return answer;
      });
      python.queue = turn.catch(() => {});
      return turn;
    },
    stop() {},
  };

  // --- the editor ------------------------------------------------------------------------------
  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // Tab goes on to the next control, as everywhere, until something is typed; from then on it
  // indents, and Escape gives it back.
  function makeEditor(id, text, changed) {
    const code = make("textarea", { id, value: text, className: "answer-code", spellcheck: false });
    for (const name of ["autocapitalize", "autocomplete", "autocorrect"]) code.setAttribute(name, "off");
    code.setAttribute("aria-describedby", "answer-keys");
    let typing = false;
    const fit = () => (code.rows = Math.max(3, code.value.split("\n").length));
    const lineBefore = () => code.value.slice(0, code.selectionStart).split("\n").pop();
    const put = (words) => document.execCommand("insertText", false, words); // can be undone
    code.addEventListener("input", () => {
      typing = true;
      fit();
      changed(code.value);
    });
    code.addEventListener("blur", () => (typing = false));
    code.addEventListener("keydown", (event) => {
      const line = lineBefore();
      const step = 4 - (line.length % 4);
      if (event.key === "Escape") typing = false;
      else if (event.key === "Tab" && typing && !event.shiftKey) put(" ".repeat(step));
      else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        put(`\n${/^ */.exec(line)[0]}${/:\s*(#.*)?$/.test(line) ? "    " : ""}`);
      } else if (event.key === "Backspace" && /^( {4})+$/.test(line) && code.selectionStart === code.selectionEnd) {
        code.setSelectionRange(code.selectionStart - 4, code.selectionStart);
        document.execCommand("delete");
      } else return;
      if (event.key !== "Escape") event.preventDefault();
    });
    fit();
    return { code, fit };
  }

  function makeCell(cell, { id, name, start, checks, exercise }) {
    const given = store.answer(id);
    const { code, fit } = makeEditor(`${id}-answer`, given.code ?? start, (text) => store.set(id, { code: text }));
    const label = make("label", { htmlFor: code.id, textContent: name });
    const button = (text, className, click) => {
      const made = make("button", { type: "button", textContent: text, className });
      made.addEventListener("click", click);
      return made;
    };
    const verdict = make("output", { className: "answer-verdict" });
    verdict.setAttribute("for", code.id);
    const say = (kind, head, text = "") => {
      verdict.dataset.kind = kind;
      verdict.replaceChildren(make("strong", { textContent: head }));
      if (!text) return;
      const shown = make("span", { textContent: text });
      verdict.append(shown);
      if (shown.scrollHeight > shown.clientHeight) shown.tabIndex = 0; // the keyboard can scroll it
    };
    let shown = 0;
    const wait = (text, often) => {
      if (often && Date.now() - shown < 2000) return; // it is read aloud
      shown = Date.now();
      stop.hidden = false;
      say("wait", text);
    };

    async function run() {
      if (check.disabled) return;
      check.disabled = true;
      say("wait", "Python is at work with another answer …");
      try {
        const message = { id, code: code.value, checks };
        const answer = await python.run(message, wait, checks ? SECONDS.check : SECONDS.run);
        say(answer.kind, HEADS[answer.kind], answer.text || "Nothing was printed.");
        if (answer.kind === "right") {
          store.set(id, { right: true });
          showProgress();
        }
      } catch (error) {
        say("dead", HEADS.dead, `${error.message}\nTry again, or open the notebook.`);
      }
      check.disabled = false;
      stop.hidden = true;
    }
    const check = button(checks ? "Check" : "Run", "answer-check", run);
    const stop = button("Stop", "answer-stop", () => python.stop());
    stop.hidden = true;
    const again = button("Start over", "answer-again", () => {
      code.value = start;
      store.forget(id);
      fit();
      verdict.replaceChildren();
      showProgress();
      code.focus();
    });
    const copy = button("Copy", "answer-copy", async () => {
      await navigator.clipboard.writeText(`${code.value.trimEnd()}\n\n\n${checks}`.trimEnd() + "\n");
      say("wait", "Copied, with what checks it. Paste it into a cell of the notebook.");
    });
    code.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) {
        event.preventDefault();
        run();
      }
    });
    const buttons = make("div", { className: "answer-buttons" }, check, stop, again, copy);
    if (!navigator.clipboard) copy.remove();
    cell.classList.add("answer-given");
    // Within the cell: beside it, the browser would style all that follows once more.
    cell.append(make("div", { className: "answer" }, label, code, buttons, verdict));
    return { id, exercise };
  }

  // --- the page --------------------------------------------------------------------------------
  if (!("WebAssembly" in window && "DecompressionStream" in window)) return;
  const cells = [];
  for (const cell of document.querySelectorAll("article div.cell")) {
    const text = cell.querySelector(".cell_input pre")?.textContent ?? "";
    if (!GIVEN.test(text)) continue;
    let exercise = cell.closest(".exercise");
    for (let back = cell; !exercise && back; back = back.previousElementSibling) {
      if (back.matches(".exercise")) exercise = back;
    }
    const title = exercise?.querySelector(".admonition-title")?.textContent ?? "";
    const checks = [...text.matchAll(CALL)].map((found) => found[1]).join("\n");
    cells.push(
      makeCell(cell, {
        id: exercise.id,
        name: `Your answer to ${title.replace(/^\s*Your turn:/, "").replace(/\s+/g, " ").trim()}, in Python`,
        start: text.replace(GIVEN, "").replace(CALL, "").trim(),
        checks,
        exercise,
      }),
    );
  }
  const last = document.querySelector("article > section, article");
  const scratch = make("div", { className: "cell" });
  last.append(scratch);
  makeCell(scratch, {
    id: "scratch",
    name: "Scratch paper: try things in Python",
    start: "# NumPy is np. What this chapter imports and defines is ready, too.\n",
    checks: "",
  });

  // What is right is marked at its exercise and counted at the chapter's head.
  const keys = "Once you have typed, Tab indents; Escape gives it back. Control and Enter checks.";
  last.append(make("p", { id: "answer-keys", hidden: true, textContent: keys }));
  const progress = make("p", { className: "answers-progress" });
  const count = make("span");
  const forget = make("button", { type: "button", textContent: "Forget all answers" });
  forget.addEventListener("click", () => {
    if (!confirm("Forget all that you typed in this book?")) return;
    localStorage.removeItem("book answers");
    location.reload();
  });
  progress.append(count, " What you type is kept in this browser, on this device. ", forget);

  function showProgress() {
    const rights = cells.filter(({ id }) => store.answer(id).right);
    count.textContent = `${rights.length} of ${cells.length} exercises right.`;
    const begun = Object.keys(store.read()[page] ?? {}).length > 0;
    if (begun && !progress.isConnected) document.querySelector("article h1")?.after(progress);
    else if (!begun) progress.remove();
    for (const { id, exercise } of cells) {
      const title = exercise.querySelector(".admonition-title");
      const mark = title.querySelector(".answer-mark");
      if (!store.answer(id).right) mark?.remove();
      else if (!mark) title.append(make("span", { className: "answer-mark", textContent: " ✓ right" }));
    }
  }
  showProgress();
})();
