"use strict";

const { Base, Spec } = require("mocha").reporters;

/** Mocha's spec reporter, with the counts alone on the very last line, for whoever reads only that. */
module.exports = class Reporter extends Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    Base.consoleLog(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ""}`);
  }
};
