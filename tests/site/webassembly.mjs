// node webassembly.mjs ROOT PYODIDE PACKAGES TESTS...: run tests of the library in the Python of the
// pages: 32 bits, no BLAS, no floating-point flags. PYODIDE holds wheels for it, too; what is pure
// Python comes from PACKAGES.
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [root, pyodide, packages, ...tests] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(pyodide, "pyodide.mjs")));
const info = { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.0" };
const python = await loadPyodide({ indexURL: `${resolve(pyodide)}/`, lockFileContents: { info, packages: {} } });
const site = python.runPython("import site; site.getsitepackages()[0]");
for (const wheel of readdirSync(pyodide).filter((name) => name.endsWith(".whl"))) {
  python.unpackArchive(new Uint8Array(readFileSync(resolve(pyodide, wheel))), "zip", { extractDir: site });
}
for (const [place, folder] of Object.entries({ "/book": root, "/packages": packages })) {
  python.FS.mkdir(place);
  python.mountNodeFS(place, resolve(folder));
}
python.globals.set("tests", tests.join(" "));
const RUN = `
import os, sys
sys.path += ["/book", "/book/tests", "/packages"]  # NumPy comes from Pyodide, not from /packages
sys.dont_write_bytecode = True
os.chdir("/book")
import hypothesis, pytest
hypothesis.settings.register_profile("few", max_examples=10, deadline=None, database=None)
hypothesis.settings.load_profile("few")
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
options = "-q -p no:cacheprovider -o addopts= -o pythonpath= -o filterwarnings="
int(pytest.main([*options.split(), *tests.split()]))
`;
try {
  process.exitCode = python.runPython(RUN);
} catch (error) {
  console.error(error.message); // all of it: Node would quote the line of Pyodide, 1 MB
  process.exitCode = 1;
}
