import assert from "node:assert/strict";
import { dropServerDefaults, normalizeShown } from "../../provider/src/canonical/normal-form";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import { openScratch } from "../../provider/src/connection/scratch";
import { diffObject } from "../../provider/src/kinds/object";
import { Definition } from "../../provider/src/sql/definition";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";

const VIEW = "AS SELECT\n    1 AS x";

describe("the canonical form", () => {
  const scratch = new ScratchEngine(openScratch, async () => undefined);
  after(() => scratch.close());

  const canonical = async (sql: string): Promise<string> => (await scratch.canonicalize(parseCreate(sql))).shown.text;

  it("keeps the users of a view's security clause, which only the server knows", async () => {
    const cases = {
      "DEFINER = `svc-views` SQL SECURITY DEFINER": "DEFINER = `svc-views` SQL SECURITY DEFINER",
      "DEFINER = svc": "DEFINER = svc SQL SECURITY DEFINER",
      "SQL SECURITY NONE": "SQL SECURITY NONE",
      "SQL SECURITY INVOKER": "SQL SECURITY INVOKER",
      "SQL SECURITY DEFINER": "SQL SECURITY DEFINER",
      "DEFINER = CURRENT_USER SQL SECURITY DEFINER": "SQL SECURITY DEFINER",
    };
    for (const [written, shown] of Object.entries(cases)) {
      const text = await canonical(`CREATE VIEW d.v ${written} AS SELECT 1 AS x`);
      assert.ok(text.includes(`\n${shown}\nAS SELECT`), `${written}: ${text}`);
    }
  });

  it("takes whichever user the server put in for DEFINER alone", () => {
    const live = parseCreate(`CREATE VIEW d.v DEFINER = deploy SQL SECURITY DEFINER ${VIEW}`);
    const same = (security: string): boolean => {
      const declared = parseCreate(`CREATE VIEW d.v ${security} ${VIEW}`);
      return diffObject(dropServerDefaults(live, declared), declared).length === 0;
    };
    assert.ok(same("SQL SECURITY DEFINER"));
    assert.ok(same("DEFINER = deploy SQL SECURITY DEFINER"));
    assert.ok(same(""));
    assert.ok(!same("DEFINER = another SQL SECURITY DEFINER"));
    assert.ok(!same("SQL SECURITY INVOKER"));
  });

  it("has one spelling for what the engine keeps in several", () => {
    const same = (a: string, b: string): void => {
      const [one, other] = [a, b].map((sql) => normalizeShown(parseCreate(`CREATE ${sql}`)));
      assert.ok(one !== undefined && other !== undefined);
      assert.equal(renderCreate(one), renderCreate(other));
      assert.equal(renderCreate(normalizeShown(one)), renderCreate(one));
    };
    const table = "TABLE d.t (a UInt8) ENGINE = MergeTree";
    same(`${table} PRIMARY KEY (a) ORDER BY ((a))`, `${table} ORDER BY a`);
    same(
      `${table} ORDER BY a SETTINGS x = true, y = FALSE, z = 1.`,
      `${table} ORDER BY a SETTINGS x = 1, y = 0, z = 1`,
    );
    const view = (index: string): string =>
      `MATERIALIZED VIEW d.v (a UInt8, INDEX i a TYPE minmax${index}) ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a`;
    same(view(""), view(" GRANULARITY 1"));
    const nested = (type: string): string => `TABLE d.t (n ${type}) ENGINE = MergeTree ORDER BY ()`;
    same(nested("Nested(a UInt8)"), nested("Array(Tuple(a UInt8))"));
  });

  it("writes a Nested column that is one as the engine writes the array of tuples that it is", async () => {
    const types = [
      ["Nested(a UInt8, `odd name` Array(String))", "Array(Tuple(a UInt8, `odd name` Array(String)))"],
      [
        "Nested(a Nested(b Tuple(c UInt8, d Enum8('x, y' = 1)), e UInt8))",
        "Array(Tuple(a Array(Tuple(b Tuple(c UInt8, d Enum8('x, y' = 1)), e UInt8))))",
      ],
      [
        "Tuple(x UInt8, y Nested(a UInt8, b Tuple(UInt8, DateTime('UTC'))))",
        "Tuple(x UInt8, y Array(Tuple(a UInt8, b Tuple(UInt8, DateTime('UTC')))))",
      ],
    ];
    for (const [shown, meant] of types) {
      const [spec] = [parseCreate(`CREATE TABLE d.t (n ${shown}) ENGINE = MergeTree ORDER BY ()`)].map(normalizeShown);
      const made = await canonical(`CREATE TABLE d.t (n ${meant}) ENGINE = MergeTree ORDER BY ()`);
      assert.ok(spec?.kind === "table");
      assert.ok(made.includes(spec.columns[0]?.type ?? "no type"), `${spec.columns[0]?.type} in ${made}`);
    }
  });

  it("has no columns of an Alias, which the engine shows and refuses", async () => {
    scratch.declare("d\0t", Definition.read("CREATE TABLE d.t (a UInt8) ENGINE = MergeTree ORDER BY a"));
    const shown = await canonical("CREATE TABLE d.a ENGINE = Alias('d', 't')");
    assert.equal(shown, "CREATE TABLE d.a\nENGINE = Alias('d', 't')");
    assert.equal(await canonical(shown), shown);
  });
});
