/** Rights that are groups as well: a server keeps one only where all that is in it is granted alike, and remembers it when a part comes back. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type GrantStep, planGrantSteps, planSharedSteps } from "../../provider/src/plan/grant-steps";
import { latticeOf, type PrivilegeRow } from "../../provider/src/sql/rights/lattice";
import { linesOf, rulesOfLines } from "../../provider/src/sql/rights/lines";
import { lostByServer } from "../../provider/src/sql/rights/lost";
import { parseGrantLine } from "../../provider/src/sql/rights/parse";
import { differences, normalForm, type Rule } from "../../provider/src/sql/rights/points";
import { statementOf } from "../../provider/src/sql/rights/render";
import { byEffort, SEED } from "../support/effort";

const row = (privilege: string, level: string | null, parent: string | null): PrivilegeRow => ({
  privilege,
  aliases: [],
  level,
  parent_group: parent,
});
const [ADMIN, ANY_TEMPORARY] = ["NAMED COLLECTION ADMIN", "CREATE ARBITRARY TEMPORARY TABLE"];
const lattice = latticeOf([
  row("ALL", null, null),
  row("SELECT", "COLUMN", "ALL"),
  row("CREATE", null, "ALL"),
  row("CREATE DATABASE", "DATABASE", "CREATE"),
  row(ANY_TEMPORARY, "GLOBAL", "CREATE"),
  row("CREATE TEMPORARY TABLE", "GLOBAL", ANY_TEMPORARY),
  row(ADMIN, "NAMED_COLLECTION", "ALL"),
  row("NAMED COLLECTION", "NAMED_COLLECTION", ADMIN),
  row("CREATE NAMED COLLECTION", "NAMED_COLLECTION", ADMIN),
  row("SHOW NAMED COLLECTIONS", "NAMED_COLLECTION", ADMIN),
]);
const ON_COLLECTIONS = lattice.leavesOf(ADMIN);
/** All collections, one that is named, and any other. */
const PLACES = ["*", "web", "other"];
const placesOf = (leaf: string): readonly string[] => (ON_COLLECTIONS.includes(leaf) ? PLACES : ["*"]);

/** What a server has in memory: a value for each privilege and place, also for a group of which a part is gone. */
class Memory {
  private readonly values = new Map<string, number>();

  run(sql: string): void {
    const line = parseGrantLine(sql);
    if (line.kind === "roles") return;
    if (sql.endsWith("WITH REPLACE OPTION")) this.values.clear();
    for (const { privilege, target } of line.phrases) {
      const place = target.parts.every(({ text }) => text === "") ? "*" : (target.parts[0]?.text ?? "");
      for (const leaf of lattice.leavesOf(lattice.named(privilege) ?? "")) {
        for (const one of placesOf(leaf).filter((other) => place === "*" || other === place)) {
          const value = this.valueOf(leaf, one);
          const given = line.option ? 2 : Math.max(value, 1);
          const left = line.option ? Math.min(value, 1) : 0;
          this.values.set(`${leaf} ON ${one}`, line.revoked ? left : given);
        }
      }
    }
  }

  /** As it is shown, and stored. */
  shown(): string[] {
    const leaves = lattice.names.filter((name) => lattice.leavesOf(name).includes(name));
    return leaves.flatMap((leaf) => placesOf(leaf).map((place) => `${leaf} ON ${place}: ${this.shownOf(leaf, place)}`));
  }

  private shownOf(leaf: string, place: string): number {
    const value = this.valueOf(leaf, place);
    const parts = lattice.partsOf(leaf);
    const areAll = (wanted: number): boolean => parts.every((part) => this.valueOf(part, place) === wanted);
    // Of a place in a wider one only what differs is shown, and the group itself never is alone.
    const around = place === "*" ? 0 : this.shownOf(leaf, "*");
    const isCovered = place !== "*" && value !== around && parts.some((part) => this.valueOf(part, "*") >= value);
    if (areAll(value) && !isCovered) return value;
    return areAll(around) ? around : 0;
  }

  private valueOf(leaf: string, place: string): number {
    return this.values.get(`${leaf} ON ${place}`) ?? 0;
  }
}

const targets: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ON_COLLECTIONS), fc.constantFrom("*", "web"))
    .map(([privilege, place]) => `${privilege} ON ${place}`),
  fc
    .constantFrom(ANY_TEMPORARY, "CREATE TEMPORARY TABLE", "CREATE", "SELECT", "ALL")
    .map((privilege) => `${privilege} ON *.*`),
);
const given = fc.tuple(targets, fc.nat(3)).map(([text, n]) => (n === 0 ? `${text} WITH GRANT OPTION` : text));
const taken = targets.filter((text) => !text.endsWith("*.*")).map((text) => `REVOKE ${text}`);
const lists = fc
  .tuple(fc.array(given, { maxLength: 4 }), fc.array(taken, { maxLength: 1 }))
  .map((both): readonly string[] => both.flat());

describe("Rights that are groups as well", function () {
  this.timeout(600_000);
  const RUNS = { numRuns: byEffort({ fast: 100, full: 500, soak: 20_000 }), seed: SEED };
  const rulesOf = (lines: readonly string[]): readonly Rule[] => {
    const { problems, rules } = rulesOfLines(lattice, lines);
    assert.deepEqual(problems, []);
    return rules;
  };
  const sqlOf = (step: GrantStep): string => {
    if (step.kind === "clause") return statementOf(step, "u");
    const list = step.clauses.map(({ text }) => text).join(", ");
    return `GRANT ${list === "" ? "NONE ON *.*" : list} TO u WITH REPLACE OPTION`;
  };
  const memoryOf = (lines: readonly string[]): Memory => {
    const memory = new Memory();
    for (const line of lines) {
      const [, text = "", option = ""] = /^(.*?)( WITH GRANT OPTION)?$/.exec(line) ?? [];
      memory.run(text.startsWith("REVOKE") ? `${text} FROM u` : `GRANT ${text} TO u${option}`);
    }
    return memory;
  };

  for (const [who, plan] of [
    ["Grants", planGrantSteps],
    ["a Grant", planSharedSteps],
  ] as const) {
    it(`arrive whatever there was before, by the statements of ${who}`, () => {
      let arrived = 0;
      fc.assert(
        fc.property(fc.array(lists, { minLength: 2, maxLength: 4 }), (chain) => {
          const memory = new Memory();
          let from: readonly Rule[] = [];
          for (const lines of chain) {
            const rules = rulesOf(lines);
            if (lostByServer(lattice, rules, { wildcardGrants: true, keepsGrants: true }).length > 0) return;
            const to = normalForm(lattice, rules);
            const written = linesOf(lattice, to);
            assert.deepEqual(differences(lattice, rulesOf(written), to), []);
            for (const step of plan(lattice, from, to).steps) memory.run(sqlOf(step));
            assert.deepEqual(memory.shown(), memoryOf(written).shown());
            from = to;
            arrived++;
          }
        }),
        RUNS,
      );
      assert.ok(arrived > RUNS.numRuns, String(arrived));
    });
  }

  it("are refused where some of one may be passed on and some not, because the server forgets the right", () => {
    const lost = (...lines: string[]): string =>
      lostByServer(lattice, rulesOf(lines), { wildcardGrants: true, keepsGrants: true })
        .map(({ problem }) => problem)
        .join("\n");
    assert.match(
      lost(`${ANY_TEMPORARY} ON *.*`, "CREATE TEMPORARY TABLE ON *.* WITH GRANT OPTION"),
      /CREATE TEMPORARY TABLE is WITH GRANT OPTION, and CREATE ARBITRARY TEMPORARY TABLE is not: .* forgets that right itself/,
    );
    assert.equal(lost(`${ADMIN} ON *`, "REVOKE NAMED COLLECTION ON *"), "");
  });
});
