import assert from "node:assert/strict";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import { openScratch } from "../../provider/src/connection/scratch";
import { parseCreate } from "../../provider/src/sql/parse";

const [a, b, c, d] = ["SELECT 1 AS x", "SELECT 2", "SELECT 3 AS x", "SELECT 1"];

/** Taken by the engine as they are: their order is that of their text. */
const KEPT = [
  `${a} EXCEPT ${b} UNION ALL ${c}`,
  `(${a} EXCEPT ${b}) UNION ALL ${c}`,
  `${a} UNION ALL (${b} UNION ALL ${c})`,
  `((${a}) INTERSECT (${b}))`,
  `${a} EXCEPT (${b} UNION ALL ${c})`,
  `${a} UNION ALL (${b} INTERSECT ${c})`,
  `SELECT * FROM (${a} EXCEPT ${b}) UNION ALL SELECT * FROM (${c} EXCEPT ${d})`,
  "SELECT * EXCEPT (y) FROM (SELECT 1 AS x, 2 AS y) UNION ALL SELECT 3",
  `WITH t AS (${a} EXCEPT ${b}) SELECT x FROM t WHERE x IN (${c} INTERSECT ${d})`,
];
const LOST = [
  `(${a} EXCEPT ${b}) UNION ALL (${c} EXCEPT ${d})`,
  `SELECT x FROM ((${a} EXCEPT ALL ${b}) UNION ALL (${c} EXCEPT ALL ${d}))`,
  `WITH t AS ((${a} EXCEPT ${b}) UNION ALL (${c} EXCEPT ${d})) SELECT x FROM t`,
];

describe("the order of set operations in a view", () => {
  const scratch = new ScratchEngine(openScratch, async () => undefined);
  after(() => scratch.close());

  const make = (query: string) => scratch.canonicalize(parseCreate(`CREATE VIEW d.v AS ${query}`));

  for (const query of KEPT) {
    it(`is kept: ${query}`, async () => {
      const { text: statement } = (await make(query)).definition;
      assert.equal((await scratch.canonicalize(parseCreate(statement))).definition.text, statement);
    });
  }

  for (const query of LOST) {
    it(`would be lost, and is refused: ${query}`, async () => {
      await assert.rejects(
        make(query),
        /d\.v: ClickHouse would keep its query without the parentheses.*SELECT \* FROM \(/,
      );
    });
  }
});
