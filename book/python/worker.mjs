// Python beside the page. In: {files}, a runtime by name, as bytes; then {before, code, checks,
// kept}. Out: {ready} or {failed}; then what page_runner.run returns, or {dead}.
const SITE = "/lib/python3.14/site-packages";
let python;

async function unpack([name, bytes]) {
  if (!name.endsWith(".gz")) return [name, bytes];
  const plain = new Response(bytes).body.pipeThrough(new DecompressionStream("gzip"));
  return [name.slice(0, -3), new Uint8Array(await new Response(plain).arrayBuffer())];
}

// A worker of a page that was opened from a folder may import nothing but this (WebKit: no blob:).
const module = (bytes) =>
  import(`data:text/javascript,${encodeURIComponent(new TextDecoder().decode(bytes))}`);

async function start(packed) {
  const files = Object.fromEntries(await Promise.all(Object.entries(packed).map(unpack)));
  // Pyodide asks for its files by address; they are here already.
  self.fetch = async (address) => {
    const bytes = files[String(address.url ?? address).split("/").pop()];
    const headers = { "content-type": "application/wasm" };
    return bytes ? new Response(bytes, { headers }) : new Response("", { status: 404 });
  };
  const { loadPyodide } = await module(files["pyodide.mjs"]);
  python = await loadPyodide({
    indexURL: "https://book.invalid/",
    packageBaseUrl: "https://book.invalid/",
    createPyodideModule: (await module(files["pyodide.asm.mjs"])).default,
    lockFileContents: {
      info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.0" },
      packages: {},
    },
  });
  for (const name of ["numpy.zip", "tinycnn_lib.zip"]) {
    python.unpackArchive(files[name], "zip", { extractDir: SITE });
  }
  python.runPython("import numpy, tinycnn_lib.exercises, page_runner");
}

function run({ before, code, checks, kept }) {
  const result = python.pyimport("page_runner").run(before, code, checks, kept);
  return result.toJs({ dict_converter: Object.fromEntries });
}

onmessage = async ({ data }) => {
  try {
    if (data.files) {
      await start(data.files);
      postMessage({ ready: true });
    } else {
      postMessage(run(data));
    }
  } catch (error) {
    // Python itself is gone (a fatal error, no memory): the page starts another one.
    postMessage({ [data.files ? "failed" : "dead"]: String(error.message ?? error).slice(-500) });
  }
};
