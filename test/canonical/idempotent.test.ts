import assert from "node:assert/strict";
import fc from "fast-check";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import { ServerError } from "../../provider/src/connection/errors";
import { openScratch } from "../../provider/src/connection/scratch";
import { generateProgram } from "../../provider/src/generate";
import { diffObject } from "../../provider/src/kinds/object";
import { Definition } from "../../provider/src/sql/definition";
import { keyOf } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { finalStatements, GATES } from "../generate/statements";
import { byEffort, EFFORT } from "../support/effort";
import { randomTable, randomView, SOURCES } from "./random-object";

/** Objects that are tried. */
const RUNS = byEffort({ fast: 10, full: 120, soak: 5000 });

describe("canonical text", function () {
  this.timeout(600_000);
  let scratch: ScratchEngine;
  let tried = 0;

  beforeEach(() => {
    tried = 0;
    scratch = new ScratchEngine(openAllowing, async () => undefined);
    for (const source of SOURCES) scratch.declare(keyOf(parseCreate(source)), Definition.read(source));
  });

  afterEach(() => scratch.close());

  /** The canonical text, or undefined where the engine refuses. */
  async function canonical(sql: string): Promise<string | undefined> {
    try {
      return (await scratch.canonicalize(parseCreate(sql))).definition.text;
    } catch (error) {
      if (error instanceof ServerError) return undefined;
      throw error;
    }
  }

  async function isFixed(sql: string): Promise<void> {
    const once = await canonical(sql);
    if (once === undefined) return;
    tried += 1;
    assert.equal(renderCreate(parseCreate(once)), once, "statement → spec → statement");
    assert.equal(await canonical(once), once, "canonical(canonical(x)) = canonical(x)");
    const [resource] = generateProgram([parseCreate(once)], { listed: new Set([keyOf(parseCreate(once))]) }).resources;
    assert.ok(resource !== undefined);
    const declared = await canonical(renderCreate(resource.declared));
    assert.ok(declared !== undefined);
    assert.deepEqual(diffObject(parseCreate(declared), parseCreate(once)), [], "spec → arguments → spec");
  }

  for (const [what, objects] of Object.entries({ table: randomTable, view: randomView })) {
    it(`is its own canonical text, for any ${what}; the arguments that declare it mean the same`, async () => {
      await fc.assert(fc.asyncProperty(objects, isFixed), { numRuns: RUNS });
      assert.ok(tried > RUNS / 2, `${tried} of ${RUNS}`);
    });
  }

  it("is its own canonical text, for the corpus of real DDL", async function () {
    const statements = finalStatements(EFFORT === "soak");
    if (statements.length === 0) this.skip();
    for (const sql of statements) scratch.declare(keyOf(parseCreate(sql)), Definition.read(sql));
    for (const sql of statements) await isFixed(sql);
    assert.ok(tried > 0.9 * statements.length, `${tried} of ${statements.length}`);
  });
});

async function openAllowing() {
  const engine = await openScratch();
  for (const name of GATES) await engine.command(`SET ${name} = 1`);
  return engine;
}
