import assert from "node:assert/strict";
import { unfinishedOperations } from "../../provider/src/apply/operations";

import { refused, World } from "./rename-world";

describe("table, view or database renamed or moved", () => {
  let w: World;
  beforeEach(async () => {
    w = await World.open();
  });
  afterEach(() => w.close());

  const follow = (texts: Record<string, string>, from: string, to: string): Record<string, string> =>
    JSON.parse(JSON.stringify(texts).replaceAll(from, to)) as Record<string, string>;

  for (const to of ["{d}.n", "{o}.n"]) {
    it(`table ${to === "{d}.n" ? "renamed" : "moved to another database"}: views and dictionaries follow, as they were`, async () => {
      await w.tables();
      const name = to.replace("{d}", w.d).replace("{o}", w.o);
      const before = await w.definitions();
      const gates: boolean[] = [];
      const result = await w.rename("table", `${w.d}.t`, name, { onGate: (closed) => gates.push(closed) });
      assert.deepEqual(
        [...result.repointed].sort(),
        [`${w.d}.enters`, `${w.d}.leaves`, `${w.d}.inner`, `${w.o}.daily`, `${w.o}.shows`, `${w.d}.dict`].sort(),
      );
      assert.equal(result.gated, true);
      assert.deepEqual(gates, [true, false]);
      const expected = follow(before, `${w.d}.t`, name);
      for (const key of Object.keys(expected)) {
        const dictionary = `DB '${to.startsWith("{d}") ? w.d : w.o}' TABLE 'n'`;
        expected[key] = (expected[key] ?? "").replace(`DB '${w.d}' TABLE 't'`, dictionary);
      }
      assert.deepEqual(await w.definitions(), expected);
      await w.run(`INSERT INTO ${w.d}.u VALUES (2, 'two')`, `INSERT INTO ${name} VALUES (3, 'three')`);
      assert.equal(await w.values(name), "1,2,3");
      assert.equal(await w.values(`${w.d}.agg`), "1,2,3");
      assert.equal(await w.values(`${w.d}.inner`), "1,2,3");
      assert.equal(await w.values(`${w.d}.second`), "1,2,3");
      await w.run(`SYSTEM RELOAD DICTIONARY ${w.d}.dict`, `INSERT INTO ${w.o}.uses (a) VALUES (3)`);
      assert.equal(await w.values(`${w.o}.uses`, "s"), "three");
      const status = `SELECT status FROM system.view_refreshes WHERE database = '${w.o}' AND status != 'Disabled'`;
      assert.equal((await w.connection.query(status)).length, 1);
      assert.deepEqual(await unfinishedOperations(w.connection, w.d), []);
      assert.deepEqual(await w.rename("table", `${w.d}.t`, name), result);
    });
  }

  it("table renamed: without incremental views nothing is refused", async () => {
    await w.run(
      `CREATE TABLE ${w.d}.t (a UInt64) ENGINE = Join(ANY, LEFT, a)`,
      `CREATE TABLE ${w.d}.j (k UInt64, v String) ENGINE = Join(ANY, LEFT, k)`,
      `INSERT INTO ${w.d}.j VALUES (1, 'one')`,
      `CREATE TABLE ${w.d}.x (a UInt64, s String DEFAULT joinGet('${w.d}.j', 'v', a), CONSTRAINT c CHECK joinGet('${w.d}.j', 'v', a) != 'no', d String ALIAS joinGet(${w.d}.j, 'v', a)) ENGINE = MergeTree ORDER BY a`,
      `CREATE TABLE ${w.o}.m (k UInt64) ENGINE = Merge('${w.d}', '^[jn]$')`,
    );
    const before = await w.definitions();
    const result = await w.rename("table", `${w.d}.j`, `${w.d}.n`);
    assert.deepEqual(result, { operation: "op1", repointed: [`${w.d}.x`], gated: false });
    assert.deepEqual(await w.definitions(), follow(before, `${w.d}.j`, `${w.d}.n`));
    await w.run(`INSERT INTO ${w.d}.x (a) VALUES (1)`);
    assert.equal(await w.values(`${w.d}.x`, "s"), "one");
  });

  it("table renamed that views write to: the views are replaced, also a refreshable one, which does not run at once", async () => {
    await w.tables();
    await w.run(
      `CREATE TABLE ${w.d}.week (a UInt64) ENGINE = MergeTree ORDER BY a`,
      `CREATE MATERIALIZED VIEW ${w.d}.weekly REFRESH EVERY 1 WEEK APPEND TO ${w.d}.week EMPTY AS SELECT a FROM ${w.d}.t`,
      `CREATE MATERIALIZED VIEW ${w.d}.later REFRESH EVERY 1 WEEK DEPENDS ON ${w.d}.weekly APPEND TO ${w.d}.week EMPTY AS SELECT a + 100 AS a FROM ${w.d}.t`,
      `SYSTEM STOP VIEW ${w.d}.later`,
    );
    const before = await w.definitions();
    await w.rename("table", `${w.d}.week`, `${w.o}.weeks`);
    const expected = Object.entries(before).map(([key, text]) => [
      key === `${w.d}.week` ? `${w.o}.weeks` : key,
      text.replaceAll(new RegExp(`${w.d}\\.week\\b`, "g"), `${w.o}.weeks`),
    ]);
    assert.deepEqual(await w.definitions(), Object.fromEntries(expected));
    assert.equal(await w.values(`${w.o}.weeks`), "");
    const status = `SELECT view, status != 'Disabled' AS runs FROM system.view_refreshes WHERE database = '${w.d}' ORDER BY view`;
    assert.deepEqual(await w.connection.query(status), [
      { view: "later", runs: 0 },
      { view: "weekly", runs: 1 },
    ]);
    await w.run(`SYSTEM REFRESH VIEW ${w.d}.weekly`, `SYSTEM WAIT VIEW ${w.d}.weekly`);
    assert.equal((await w.values(`${w.o}.weeks`)).split(",")[0], "1");
  });

  it("view renamed or moved: what reads it follows", async () => {
    await w.tables();
    const before = await w.definitions();
    const result = await w.rename("view", `${w.o}.shows`, `${w.d}.seen`);
    assert.deepEqual(result, { operation: "op1", repointed: [`${w.d}.second`], gated: false });
    assert.deepEqual(await w.definitions(), follow(before, `${w.o}.shows`, `${w.d}.seen`));
    assert.equal(await w.values(`${w.d}.second`), "1");
  });

  it("materialized view renamed or moved: it keeps working, and what reads it follows", async () => {
    await w.tables();
    await w.run(
      `CREATE VIEW ${w.o}.of_view AS SELECT a FROM ${w.d}.leaves`,
      `CREATE VIEW ${w.o}.of_inner AS SELECT a FROM ${w.d}.inner`,
    );
    const before = await w.definitions();
    const moved = await w.rename("materializedView", `${w.d}.leaves`, `${w.o}.gone`);
    assert.deepEqual([moved.repointed, moved.gated], [[`${w.o}.of_view`], true]);
    await w.rename("materializedView", `${w.d}.inner`, `${w.d}.inside`, { operation: "op2" });
    assert.deepEqual(
      await w.definitions(),
      follow(follow(before, `${w.d}.leaves`, `${w.o}.gone`), `${w.d}.inner`, `${w.d}.inside`),
    );
    await w.run(`INSERT INTO ${w.d}.u VALUES (2, 'two')`);
    assert.equal(await w.values(`${w.o}.of_view`), "1,2");
    assert.equal(await w.values(`${w.o}.of_inner`), "1,2");
    await refused(
      w.rename("materializedView", `${w.d}.inside`, `${w.o}.inside`, { operation: "op3" }),
      /inner table.*Declare a target table for it/s,
    );
  });

  it("database renamed: everything in it and elsewhere follows, and so does the journal", async () => {
    await w.tables();
    const before = await w.definitions();
    const result = await w.rename("database", w.d, `${w.d}_2`);
    const texts = await w.definitions();
    const expected = follow(before, `${w.d}.`, `${w.d}_2.`);
    for (const [key, text] of Object.entries(expected)) expected[key] = text.replace(`DB '${w.d}'`, `DB '${w.d}_2'`);
    assert.deepEqual(texts, expected);
    assert.equal(result.gated, true);
    await w.run(`INSERT INTO ${w.d}_2.u VALUES (2, 'two')`, `INSERT INTO ${w.d}_2.t VALUES (3, 'three')`);
    assert.equal(await w.values(`${w.d}_2.agg`), "1,2,3");
    assert.equal(await w.values(`${w.d}_2.inner`), "1,2,3");
    assert.equal(await w.values(`${w.d}_2.second`), "1,2,3");
    assert.deepEqual(await w.rename("database", w.d, `${w.d}_2`), result);
    await w.rename("database", `${w.d}_2`, w.d, { operation: "op2" });
    assert.deepEqual(await w.definitions(), before);
  });
});
