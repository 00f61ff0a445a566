// node precompile.mjs PYODIDE FOLDER IMPORTS...: compile, in the two zips of the folder, the modules
// that a page's start imports, by the very Python that will load them.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, folder, ...imports] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(pyodide, "pyodide.mjs")));
const python = await loadPyodide({
  indexURL: resolve(pyodide) + "/",
  lockFileContents: { info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.0" }, packages: {} },
});
const SITE = python.runPython("import site; site.getsitepackages()[0]");
const ARCHIVES = ["python_stdlib.zip", "numpy.zip"];
for (const name of ARCHIVES) python.FS.writeFile(`/${name}`, readFileSync(resolve(folder, name)));
python.unpackArchive(python.FS.readFile("/numpy.zip"), "zip", { extractDir: SITE });
python.globals.set("imports", imports.join(" "));
python.runPython(`
import importlib, importlib.util, marshal, sys, zipfile

import numpy as np
for name in imports.split():
    importlib.import_module(name)
np.testing.assert_allclose(np.linalg.norm(np.eye(2)), 2**0.5)
np.lib.stride_tricks.sliding_window_view(np.random.default_rng(0).normal(size=3), 2)

hot = set()
for module in list(sys.modules.values()):
    for place in ("python314.zip/", "site-packages/"):
        hot.add((getattr(module, "__file__", None) or "").rpartition(place)[2])

for archive in ("python_stdlib.zip", "numpy.zip"):
    with zipfile.ZipFile(f"/{archive}") as source, zipfile.ZipFile("/out.zip", "w") as out:
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name.endswith(".py") and name in hot:
                code = marshal.dumps(compile(data, name, "exec", dont_inherit=True))
                # A compiled file that is never compared with its source: flag 1, a hash.
                data = importlib.util.MAGIC_NUMBER + b"\\x01\\0\\0\\0" + importlib.util.source_hash(data) + code
                name += "c"
            out.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)
    with open("/out.zip", "rb") as done, open(f"/{archive}", "wb") as out:
        out.write(done.read())
`);
for (const name of ARCHIVES) writeFileSync(resolve(folder, name), python.FS.readFile(`/${name}`));
