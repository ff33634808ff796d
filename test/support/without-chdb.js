/** Loaded into processes that must not find chdb, as if it were not installed: NODE_OPTIONS="--require …/without-chdb.js". */
const Module = require("node:module");

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => {
  if (request === "chdb") throw Object.assign(new Error("Cannot find module 'chdb'"), { code: "MODULE_NOT_FOUND" });
  return resolve(request, ...rest);
};
