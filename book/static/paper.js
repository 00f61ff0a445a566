// What a page does when it is printed. `make pdf` runs it, too, in the joined chapters.
(() => {
  "use strict";

  const TITLE = ".sd-summary-text, .admonition-title";
  const FOLDS = "details.sd-dropdown, details.solution";

  // Put a chapter's hints, answers and solutions at its end, numbered, and return what puts them
  // back: who works with paper should not see an answer before the question is answered.
  function answersLast(article) {
    const folds = [...article.querySelectorAll(FOLDS)].filter(
      (fold) => !fold.parentElement.closest(`${FOLDS}, .answers-last`),
    );
    if (!folds.length) return () => {};
    const added = [];
    let last = article.querySelector(".answers-last");
    if (!last) {
      last = document.createElement("section");
      last.className = "answers-last";
      last.innerHTML = "<h2>Hints, answers and solutions</h2>";
      (article.querySelector(":scope > section") ?? article).append(last);
      added.push(last);
    }
    const places = folds.map((fold, index) => {
      const place = document.createComment(`fold ${index}`);
      let note = fold.previousElementSibling;
      if (!note?.matches(".see-end")) {
        note = document.createElement("p");
        note.className = "see-end";
        note.textContent = "At the end of the chapter:";
        fold.before(note);
        added.push(note);
      }
      const title = fold.querySelector(`summary:is(${TITLE}), summary :is(${TITLE})`);
      const number = document.createElement("span");
      number.className = "fold-number";
      number.textContent = `${index + 1} `;
      note.append(" ", number.cloneNode(true), `${title.textContent.trim()}.`);
      title.prepend(number);
      added.push(number);
      fold.replaceWith(place);
      return [place, fold];
    });
    last.append(...folds);
    return () => {
      for (const [place, fold] of places) place.replaceWith(fold);
      for (const part of added) part.remove();
    };
  }
  globalThis.answersLast = answersLast;

  // On paper everything is unfolded, every image is there, and the night is over.
  const look = document.documentElement.dataset;
  let putBack = () => {};
  addEventListener("beforeprint", () => {
    look.themeOnScreen = look.theme;
    look.theme = "light";
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
    for (const fold of document.querySelectorAll("article details:not([open])")) {
      fold.open = true;
      fold.dataset.unfolded = "print";
    }
    putBack();
    putBack = answersLast(document.querySelector("article"));
  });
  addEventListener("afterprint", () => {
    look.theme = look.themeOnScreen;
    putBack();
    putBack = () => {};
    for (const fold of document.querySelectorAll("details[data-unfolded]")) {
      fold.open = false;
      delete fold.dataset.unfolded;
    }
  });
})();
