import assert from "node:assert/strict";
import fc from "fast-check";
import { sameSyntax } from "../../provider/src/canonical/same-syntax";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { openScratch } from "../../provider/src/connection/scratch";
import { byEffort } from "../support/effort";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

/**
 * Functions that older servers print as operators, with the number of their arguments. Without `not` and `negate`, of which 25.8 prints what it
 * reads as something else: `notIn(not(a), b)` as `NOT a NOT IN b`, `arrayElement(negate(a), b)` as `-(a)[b]`.
 */
const FUNCTIONS: Readonly<Record<string, number>> = {
  plus: 2,
  minus: 2,
  multiply: 2,
  divide: 2,
  modulo: 2,
  equals: 2,
  notEquals: 2,
  less: 2,
  greaterOrEquals: 2,
  and: 3,
  or: 2,
  isNull: 1,
  isNotNull: 1,
  like: 2,
  notLike: 2,
  in: 2,
  notIn: 2,
  tuple: 2,
  arrayElement: 2,
  // Not an operator anywhere.
  intDiv: 2,
  sipHash64: 1,
};

// Arrays hold constants of one type: of others the engine makes another type, as a literal and as a function.
const leaf = fc.constantFrom(
  "a",
  "b",
  "`c d`",
  "1",
  "2.5",
  "'x'",
  "NULL",
  "true",
  "array(1, 2)",
  "array()",
  "tuple(1, 'y')",
  "[3]",
);
const expression = fc.letrec<{ node: string; call: string }>((tie) => ({
  node: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("call")),
  call: fc
    .constantFrom(...Object.entries(FUNCTIONS))
    .chain(([name, arity]) =>
      fc
        .array(tie("node"), { minLength: arity, maxLength: arity })
        .map((items) => `${name}(${(items as string[]).join(", ")})`),
    ),
})).call;

for (const version of testedVersions(["25.8"])) {
  describe(`what ClickHouse ${version} prints of an expression, and the embedded engine`, function () {
    this.timeout(240_000);
    let server: TestServer;
    let [older, embedded]: Connection[] = [];
    before(async () => {
      server = await startServer({ version });
      older = await openConnection({ url: server.url });
      embedded = await openScratch();
    });
    after(async () => {
      await older?.close();
      await embedded?.close();
      await server?.stop();
    });
    const printed = async (connection: Connection | undefined, sql: string): Promise<string> => {
      const [row] =
        (await connection?.query<{ text: string }>("SELECT formatQuery({sql:String}) AS text", { sql })) ?? [];
      return row?.text ?? "";
    };
    const same = (one: string, other: string): Promise<boolean> =>
      sameSyntax(async (sql) => (await embedded?.query<{ explain: string }>(sql)) ?? [], one, other);

    it("is the same syntax, however it is printed, and another one where an operator, an operand or their order is another", async () => {
      await fc.assert(
        fc.asyncProperty(expression, expression, async (one, other) => {
          const [mine, theirs] = [
            await printed(embedded, `SELECT ${one} AS r FROM t`),
            await printed(older, `SELECT ${one} AS r FROM t`),
          ];
          assert.ok(await same(mine, theirs), `${mine}\n${theirs}`);
          const another = await printed(older, `SELECT ${other} AS r FROM t`);
          assert.equal(await same(mine, another), theirs === another, `${mine}\n${another}`);
        }),
        { numRuns: byEffort({ fast: 20, full: 300, soak: 3000 }) },
      );
    });

    for (const [one, other] of [
      ["SELECT a - b", "SELECT a + b"],
      ["SELECT a - (b - 1)", "SELECT (a - b) - 1"],
      ["SELECT a FROM t ORDER BY a DESC", "SELECT a FROM t ORDER BY a"],
      ["SELECT a FROM t FINAL", "SELECT a FROM t"],
      ["SELECT (1, 2)", "SELECT [1, 2]"],
      ["SELECT NOT (a AND b)", "SELECT (NOT a) AND b"],
      ["SELECT a AND b OR a", "SELECT a AND (b OR a)"],
      ["SELECT a IN (1, 2)", "SELECT a NOT IN (1, 2)"],
      ["SELECT a GLOBAL IN (1, 2)", "SELECT a IN (1, 2)"],
      ["SELECT a IS NULL", "SELECT a IS NOT NULL"],
      ["SELECT count(DISTINCT a)", "SELECT count(a)"],
      ["SELECT DISTINCT a", "SELECT a"],
      ["SELECT a FROM t GLOBAL JOIN u USING a", "SELECT a FROM t JOIN u USING a"],
      ["SELECT if(a, NULL, 1)", "SELECT if(a, 1)"],
      ["SELECT a.1", "SELECT a.2"],
    ] as const) {
      it(`is another syntax: ${one} and ${other}`, async () => {
        assert.equal(await same(one, other), false);
      });
    }
  });
}
