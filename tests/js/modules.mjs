// Loads a module of the widgets as it is shipped. Node takes a .js file for an ES module only
// beside a package.json that says so, and none belongs in the package: hence a copy.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const STATIC = fileURLToPath(new URL("../../cnnwidgets/widgets/static", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "cnnwidgets-js-"));
cpSync(STATIC, copy, { recursive: true });
writeFileSync(join(copy, "package.json"), '{"type": "module"}');
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));

/** @param {string} name such as "kit" */
export const load = (name) => import(pathToFileURL(join(copy, `${name}.js`)).href);

/** A wire array, as it comes from the kernel. */
export const wire = (shape, numbers) => ({
  shape,
  dtype: { Float32Array: "float32", Uint8Array: "uint8", Uint32Array: "uint32" }[numbers.constructor.name],
  data: new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength),
});
