import assert from "node:assert/strict";
import { type Need, neededRights } from "../../provider/src/doctor/needs";
import { grantStatements, missingRights } from "../../provider/src/sql/grants";

const NEEDS = neededRights(["shop"], ["MergeTree"]);

function missing(lines: string[], needs: readonly Need[] = NEEDS): string[] {
  return missingRights(lines, needs).missing.map(({ privilege, level }) => `${privilege} ON ${level}`);
}

const need = (privilege: string, level = "shop.*"): Need => ({ privilege, level, purpose: "change" });

/** Whether lines, as servers print them, give a right. */
const GIVEN: [string, string[], Need, boolean][] = [
  ["everything", ["GRANT ALL ON *.* TO d WITH GRANT OPTION"], need("SYSTEM VIEWS"), true],
  ["everything of a database", ["GRANT ALL ON shop.* TO d"], need("ALTER TABLE"), true],
  [
    "everything of a database, as servers print it",
    ["GRANT SHOW, SELECT, CREATE TABLE, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM BACKGROUND, dictGet ON sh*.* TO d"],
    need("SYSTEM VIEWS"),
    true,
  ],
  ["everything of another database", ["GRANT ALL ON stock.* TO d"], need("ALTER TABLE"), false],
  ["a group", ["GRANT SHOW, ALTER, CREATE ON *.* TO d"], need("CREATE TABLE"), true],
  ["another group", ["GRANT SHOW, ALTER, CREATE ON *.* TO d"], need("DROP TABLE"), false],
  ["one table of the database", ["GRANT INSERT ON shop.orders TO d"], need("INSERT"), false],
  ["columns", ["GRANT SELECT(a, b), INSERT ON shop.* TO d"], need("SELECT"), false],
  ["what follows columns", ["GRANT SELECT(a, b), INSERT ON shop.* TO d"], need("INSERT"), true],
  ["names with a star behind", ["GRANT SELECT ON sh*.* TO d"], need("SELECT"), true],
  ["other names with a star behind", ["GRANT SELECT ON shopping*.* TO d"], need("SELECT"), false],
  ["tables with a star behind", ["GRANT SELECT ON shop.o* TO d"], need("SELECT"), false],
  ["system tables with a star behind", ["GRANT SELECT ON system.p* TO d"], need("SELECT", "system.parts"), true],
  ["a quoted database", ["GRANT SELECT ON `we ird ON TO`.* TO d"], need("SELECT", "`we ird ON TO`.*"), true],
  [
    "a table of the database taken away",
    ["GRANT INSERT ON *.* TO d", "REVOKE INSERT ON shop.secret FROM d"],
    need("INSERT"),
    false,
  ],
  ["a column taken away", ["GRANT SELECT ON *.* TO d", "REVOKE SELECT(a) ON shop.t FROM d"], need("SELECT"), false],
  ["the database taken away", ["GRANT ALL ON *.* TO d", "REVOKE SELECT ON shop.* FROM d"], need("SELECT"), false],
  ["another database taken away", ["GRANT ALL ON *.* TO d", "REVOKE SELECT ON stock.* FROM d"], need("SELECT"), true],
  ["another right taken away", ["GRANT ALL ON *.* TO d", "REVOKE DROP ON shop.* FROM d"], need("SELECT"), true],
  [
    "taken away with a star, given again",
    ["GRANT SELECT ON *.* TO d", "REVOKE SELECT ON sh*.* FROM d", "GRANT SELECT ON shop.* TO d"],
    need("SELECT"),
    true,
  ],
  ["engines", ["GRANT TABLE ENGINE ON * TO d"], need("TABLE ENGINE", "MergeTree"), true],
  ["an engine", ["GRANT TABLE ENGINE ON MergeTree TO d"], need("TABLE ENGINE", "MergeTree"), true],
  ["another engine", ["GRANT TABLE ENGINE ON Log TO d"], need("TABLE ENGINE", "MergeTree"), false],
  ["a look at tables, by a right to them", ["GRANT CREATE TABLE ON shop.* TO d"], need("SHOW TABLES"), true],
  ["all, where one database is looked at", ["GRANT SELECT ON shop.* TO d"], need("SELECT", "*.*"), false],
];

describe("rights", () => {
  for (const [what, lines, wanted, given] of GIVEN) {
    it(`${given ? "has" : "misses"} ${wanted.privilege} by ${what}`, () => {
      assert.deepEqual(missing(lines, [wanted]), given ? [] : [`${wanted.privilege} ON ${wanted.level}`]);
    });
  }

  it("are all there once the statements that give them have been run", () => {
    const all = missingRights([], NEEDS).missing;
    assert.equal(all.length, NEEDS.length);
    const statements = grantStatements(all, "we ird");
    assert.ok(
      statements.every((sql) => / TO `we ird`;$/.test(sql)),
      statements.join("\n"),
    );
    assert.deepEqual(missing(statements.map((sql) => sql.replace(/;$/, ""))), []);
  });

  it("of roles are said to be unknown, where the server does not resolve them", () => {
    const { roles } = missingRights(["GRANT CREATE TABLE ON shop.* TO d", "GRANT reader, `we, ird` TO d"], NEEDS);
    assert.deepEqual(roles, ["reader", "we, ird"]);
  });

  it("are named with the statement that gives them, one for each level", () => {
    const lacking = missingRights(
      [
        "GRANT CREATE, ALTER, DROP, SELECT, INSERT, TRUNCATE, OPTIMIZE, SYSTEM ON *.* TO d",
        "GRANT TABLE ENGINE ON * TO d",
        "REVOKE SYSTEM MERGES, TRUNCATE ON shop.* FROM d",
      ],
      NEEDS,
    ).missing;
    assert.deepEqual(grantStatements(lacking, "deploy"), ["GRANT TRUNCATE, SYSTEM MERGES ON shop.* TO deploy;"]);
  });
});
