"use strict";

const { Base, Spec } = require("mocha").reporters;

/** Mocha's spec reporter, with only the counts on the very last line, for whoever reads just that. */
module.exports = class Reporter extends Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    Base.consoleLog(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ""}`);
  }
};
