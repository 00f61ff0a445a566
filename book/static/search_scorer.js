// What the search shows first: the glossary's entries, then sections, then the library's names.
// Sphinx copies this into its own script, which declares the same name.
var Scorer = {
  score([page, title, anchor, description, score]) {
    const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
    const place = title.split(" > ").at(-1);
    if (query.length === 1 && page === "appendix/notation") return 1000; // a symbol
    if (page === "appendix/glossary" && anchor) return place.length === 1 ? -1000 : score + 500;
    return description ? score - 100 : score; // only the library's names have one
  },
  // The rest are Sphinx's own weights.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
