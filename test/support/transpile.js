"use strict";

/**
 * `node -r` this: TypeScript runs as with ts-node/register/transpile-only, but each file is transpiled once and then kept under
 * node_modules/.cache. Tests start many processes that load the whole provider, and transpiling it took each of them seconds.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const { register } = require("ts-node");
const ts = require("typescript");

const FOLDER = path.resolve(__dirname, "../../node_modules/.cache/transpiled");

/** Called by ts-node, for which this file is a transpiler as well. */
exports.create = ({ service }) => {
  const compilerOptions = service.config.options;
  const settings = JSON.stringify([ts.version, compilerOptions]);
  return { transpile: (text, { fileName }) => transpiled(text, fileName, compilerOptions, settings) };
};

function transpiled(text, fileName, compilerOptions, settings) {
  const key = createHash("sha256").update(`${settings}\0${fileName}\0${text}`).digest("hex");
  const kept = path.join(FOLDER, `${key}.json`);
  const found = read(kept);
  if (found !== undefined) return found;
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(text, {
    fileName,
    compilerOptions,
    reportDiagnostics: true,
  });
  if (diagnostics.length > 0) return { outputText, sourceMapText, diagnostics };
  const result = { outputText, sourceMapText };
  keep(kept, result);
  return result;
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Written beside its place and moved there, since several processes may do it at once. */
function keep(file, result) {
  mkdirSync(FOLDER, { recursive: true });
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, JSON.stringify(result));
  renameSync(beside, file);
}

register({ transpileOnly: true, transpiler: __filename });
