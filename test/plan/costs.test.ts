import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Change } from "../../provider/src/diff";
import { IN_PLACE, PROTOCOLS, REBUILDS } from "../e2e/changes/rows";
import { CHANGES, type CostRow, LIFE, ROWS } from "./cost-rows";
import { MANUAL, type PricedRow, priceAll, renderLong, renderShort, WIDTH } from "./costs";

const RENEW = "run: npx ts-node -T test/plan/costs.ts --write";
const E2E = new Set([...IN_PLACE, ...REBUILDS, ...PROTOCOLS].map(({ name }) => name));

/** Every kind of change that there is, as the compiler knows them; `false` for what no plan case can show. */
const KINDS: Readonly<Record<Change["kind"], boolean>> = {
  renamed: true,
  comment: true,
  engine: true,
  query: true,
  security: true,
  "view-columns": true,
  // No engine here takes one: Atomic has no settings, and MySQL and the like need their server.
  "database-settings": false,
  "column-added": true,
  "column-dropped": true,
  "column-renamed": true,
  "column-retyped": true,
  "column-moved": true,
  "column-default": true,
  "column-codec": true,
  "column-ttl": true,
  "column-comment": true,
  "column-statistics": true,
  "column-settings": true,
  index: true,
  projection: true,
  constraint: true,
  ttl: true,
  "sample-by": true,
  "partition-key": true,
  "sorting-key": true,
  "primary-key": true,
  setting: true,
  // `AS function(…)` and TimeSeries: rebuilt like another engine.
  definition: false,
  target: true,
  refresh: true,
  // Of a dictionary, which is replaced whatever changes: test/kinds/dictionary.test.ts.
  source: false,
  range: false,
  lifetime: false,
  layout: false,
  "inner-table": true,
  // Of named collections, users, roles and the like, which the embedded engine does not keep: test/kinds/contract.test.ts, test/kinds/access.
  "collection-key": false,
  rights: false,
  roles: false,
  "default-roles": false,
  limits: false,
  "applies-to": false,
  "keyed-by": false,
  intervals: false,
  identification: false,
  hosts: false,
  "default-database": false,
  grantees: false,
  using: false,
  restrictive: false,
};

describe("what each change costs", () => {
  let rows: PricedRow[];

  before(async () => {
    rows = await priceAll();
  });

  for (const change of CHANGES) {
    it(`has a plan case and a run with the real CLI: ${change}`, () => {
      const own = ROWS.filter((row) => row.change === change);
      assert.ok(own.length > 0, "no row");
      for (const row of own) assert.deepEqual(missing(row), [], row.what);
      // Nothing runs, or nothing can.
      if (change === "Objects and their spelling" || change === "Databases") return;
      assert.ok(
        own.some(({ examples, e2e }) => examples.length > 0 && e2e !== undefined),
        "no row with both",
      );
    });
  }

  it("has rows of the lines above only, each once, and tests for objects that come and go", () => {
    const whats = [...ROWS, ...LIFE].map(({ what }) => what);
    assert.deepEqual(
      whats.filter((what, index) => whats.indexOf(what) !== index),
      [],
    );
    assert.deepEqual(
      ROWS.filter(({ change }) => !CHANGES.some((one) => one === change)),
      [],
    );
    for (const { what, test } of LIFE) assert.ok(hasTest(test), `${what}: no test ${test}`);
  });

  it("says of all examples of a row what it says of the first", () => {
    for (const { row, examples } of rows) {
      for (const { how, cost, from, to } of examples) {
        assert.deepEqual(
          { how, cost },
          { how: examples[0].how, cost: examples[0].cost },
          `${row.what}: ${from} → ${to}`,
        );
      }
    }
  });

  it("shows every kind of change", () => {
    const shown = new Set(rows.flatMap(({ examples }) => examples.flatMap(({ kinds }) => kinds)));
    const wanted = Object.entries(KINDS).flatMap(([kind, isShown]) => (isShown ? [kind] : []));
    assert.deepEqual(
      wanted.filter((kind) => !shown.has(kind)),
      [],
    );
  });

  it("has a short form: at most 40 lines of 160 characters", () => {
    const lines = renderShort(rows).split("\n");
    assert.ok(lines.length <= 40, `${lines.length} lines`);
    assert.deepEqual(
      lines.filter((line) => line.length > WIDTH),
      [],
    );
  });

  it("is what docs/changes.md says", () => {
    assert.equal(readFileSync(MANUAL, "utf8"), renderLong(rows), RENEW);
  });
});

/** Cases and tests that a row names and that are not there. */
function missing({ examples, inline, e2e, test }: CostRow): string[] {
  return [
    ...(examples.length === 0 && inline === undefined ? ["an example"] : []),
    ...(e2e === undefined && test === undefined ? ["an e2e row or a test"] : []),
    ...(e2e === undefined || E2E.has(e2e) ? [] : [`no row in test/e2e/changes/rows.ts is called ${e2e}`]),
    ...(test === undefined || hasTest(test) ? [] : [`no test ${test}`]),
  ];
}

/** Whether a file under test/ has a test, or a case, with this title. */
function hasTest(named: string): boolean {
  const [file = "", title = ""] = named.split(/: (.*)/s);
  const text = readFileSync(resolve(__dirname, "..", file), "utf8");
  return [`it("${title}"`, `it('${title}'`, `name: "${title}"`].some((start) => text.includes(start));
}
