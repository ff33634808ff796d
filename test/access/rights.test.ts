import assert from "node:assert/strict";
import fc from "fast-check";
import { evaluate } from "../../provider/src/code/value";
import { declareGrants } from "../../provider/src/declare/grants";
import { codeOf } from "../../provider/src/kinds/object";
import { type GrantStep, planGrantSteps } from "../../provider/src/plan/grant-steps";
import { SqlParseError } from "../../provider/src/sql/errors";
import { linesOf, rulesOfLines } from "../../provider/src/sql/rights/lines";
import { parseGrantLine, parseRights } from "../../provider/src/sql/rights/parse";
import { differences, normalForm, type Rule, type Verb } from "../../provider/src/sql/rights/points";
import { clausesOf, statementOf } from "../../provider/src/sql/rights/render";
import { resolve } from "../../provider/src/sql/rights/resolve";
import { byEffort, SEED } from "../support/effort";
import { lattice, lists, POINTS, valuesOf } from "./random-rights";

const RUNS = { numRuns: byEffort({ fast: 200, full: 2000, soak: 50_000 }), seed: SEED };

describe("Grants as points", function () {
  this.timeout(600_000);

  it("have one normal form, which means the same, and says nothing twice", () => {
    fc.assert(
      fc.property(lists, (list) => {
        const form = normalForm(lattice, list);
        assert.deepEqual(valuesOf(form), valuesOf(list));
        assert.deepEqual(normalForm(lattice, form), form);
        for (const left of form.keys())
          assert.notDeepEqual(
            valuesOf(form.filter((_, index) => index !== left)),
            valuesOf(list),
            "a rule says nothing",
          );
      }),
      RUNS,
    );
  });

  it("are equal exactly when no point tells them apart", () => {
    fc.assert(
      fc.property(lists, lists, fc.boolean(), (one, other, isSimilar) => {
        const second = isSimilar ? [...one.slice(1), ...one.slice(0, 1)] : other;
        const [values, others] = [valuesOf(one), valuesOf(second)];
        const isSame = values.every((value, index) => value === others[index]);
        assert.equal(differences(lattice, one, second).length === 0, isSame);
        const [a, b] = [one, second].map((list) => texts(normalForm(lattice, list)).join("\n"));
        assert.equal(a === b, isSame);
      }),
      RUNS,
    );
  });

  it("are written so that a server reads the same", () => {
    fc.assert(
      fc.property(lists, (list) => {
        const form = normalForm(lattice, list);
        assert.deepEqual(valuesOf(texts(form).flatMap(rulesOfLine)), valuesOf(list));
      }),
      RUNS,
    );
  });

  it("are written as arguments that mean the same, in whatever order", () => {
    fc.assert(
      fc.property(lists, fc.boolean(), (list, isTurned) => {
        const rights = linesOf(lattice, list);
        const { to, ...args } = evaluate(codeOf({ kind: "grants", name: "r", rights })) as Record<string, string[]>;
        assert.equal(to, "r");
        if (isTurned) for (const lines of Object.values(args)) lines.reverse();
        const declared = declareGrants({ database: "", name: "r" }, args);
        const read = rulesOfLines(lattice, declared.rights ?? []);
        assert.deepEqual(read.problems, []);
        assert.deepEqual(linesOf(lattice, read.rules), rights);
      }),
      RUNS,
    );
  });

  it("are changed by statements that arrive, and keep on the way what both ends have, and give nothing that neither has, or say so", () => {
    const counts = { steps: 0, gaps: 0, surpluses: 0, replaced: 0 };
    fc.assert(
      fc.property(lists, lists, (from, to) => {
        const { steps, gaps, surpluses } = planGrantSteps(lattice, from, to);
        const [start, end] = [valuesOf(from), valuesOf(to)];
        let now: readonly Rule[] = from;
        const [missing, more] = [new Set<string>(), new Set<string>()];
        for (const step of steps) {
          now = applied(now, step);
          for (const [index, value] of valuesOf(now).entries()) {
            const [was, is, leaf] = [start[index] ?? 0, end[index] ?? 0, POINTS[index]?.leaf ?? ""];
            if (was > 0 && is > 0 && value === 0) missing.add(leaf);
            if (was === 0 && is === 0 && value > 0) more.add(leaf);
          }
        }
        assert.deepEqual(valuesOf(now), end);
        assert.deepEqual([...missing].sort(), leavesOf(gaps));
        assert.deepEqual([...more].sort(), leavesOf(surpluses));
        assert.equal(planGrantSteps(lattice, to, now).steps.length, 0, "a second plan has nothing to do");
        counts.steps += steps.length;
        counts.gaps += Math.min(1, gaps.length);
        counts.surpluses += Math.min(1, surpluses.length);
        counts.replaced += steps.some(({ kind }) => kind === "replace") ? 1 : 0;
      }),
      RUNS,
    );
    assert.ok(counts.replaced > 0 && counts.surpluses > 0, JSON.stringify(counts));
  });

  it("are given in one statement where single ones would leave a gap", () => {
    assert.deepEqual(plan(["SELECT ON *.*"], ["SELECT ON shop.*"]), [
      "GRANT SELECT ON shop.* TO r WITH REPLACE OPTION",
    ]);
    assert.deepEqual(plan(["SELECT ON shop.*"], ["SELECT ON *.*"]), ["GRANT SELECT ON *.* TO r"]);
    assert.deepEqual(plan(["SELECT, INSERT ON shop.t"], ["SELECT ON shop.t"]), ["REVOKE INSERT ON shop.t FROM r"]);
    assert.deepEqual(plan(["SELECT(a) ON shop.t"], ["SELECT(a, b) ON shop.t"]), ["GRANT SELECT(b) ON shop.t TO r"]);
  });

  it("are read from the lines of SHOW GRANTS: a name in quotes has no prefix", () => {
    const [line] = texts(rulesOfLine("GRANT SELECT, INSERT(a, `b c`) ON `t_*`.`x y` TO `no body` WITH GRANT OPTION"));
    assert.equal(line, "GRANT SELECT, INSERT(a, `b c`) ON `t_*`.`x y` TO r WITH GRANT OPTION");
    assert.equal(texts(rulesOfLine("GRANT SELECT ON `my db`*.* TO r"))[0], "GRANT SELECT ON `my db`*.* TO r");
    assert.deepEqual(parseGrantLine("GRANT reader, `w r` TO u WITH ADMIN OPTION"), {
      kind: "roles",
      roles: ["reader", "w r"],
      admin: true,
      grantee: "u",
    });
    // What a dropped role leaves behind.
    assert.deepEqual(parseGrantLine("GRANT NONE TO u"), { kind: "roles", roles: [], admin: false, grantee: "u" });
  });

  it("are refused with the way out where a server would refuse them or do something else", () => {
    const refused = (text: string): string => {
      const found = parseRights(text).phrases.map((phrase) => resolve(lattice, phrase, "grant"));
      return found.filter((one) => typeof one === "string").join("\n");
    };
    assert.match(refused("SELEKT ON shop.*"), /^SELEKT ON shop\.\*: the server has no privilege SELEKT.*`SELECT`/);
    assert.match(refused("SELECT(a) ON shop.*"), /columns belong to one table/);
    assert.match(refused("SELECT(a) ON *.*"), /columns belong to one table/);
    assert.match(refused("CREATE FUNCTION ON shop.*"), /can only be granted ON \*\.\*/);
    assert.match(refused("dictGet(a) ON shop.d"), /without columns/);
    assert.match(refused("SELECT ON orders"), /names no database/);
    assert.match(refused("SELECT ON shop*.orders"), /whole name/);
    assert.equal(refused("ALL ON shop.*"), "");
    assert.throws(() => parseRights("SELECT shop.*"), SqlParseError);
  });

  function plan(from: readonly string[], to: readonly string[]): string[] {
    const [a, b] = [from, to].map((list) => list.flatMap((text) => rulesOfText(text)));
    return planGrantSteps(lattice, a ?? [], b ?? []).steps.map((step) =>
      step.kind === "clause"
        ? statementOf(step, "r")
        : `GRANT ${step.clauses.map(({ text }) => text).join(", ")} TO r WITH REPLACE OPTION`,
    );
  }
});

function texts(list: readonly Rule[]): string[] {
  return clausesOf(lattice, list).map((clause) => statementOf(clause, "r"));
}

function rulesOfLine(line: string): Rule[] {
  const parsed = parseGrantLine(line);
  if (parsed.kind === "roles") return [];
  const { revoked, option } = parsed;
  const verb: Verb = revoked ? (option ? "revoke-option" : "revoke") : option ? "grant-with-option" : "grant";
  return parsed.phrases.flatMap((phrase) => resolved(resolve(lattice, phrase, verb)));
}

function rulesOfText(text: string): Rule[] {
  return parseRights(text).phrases.flatMap((phrase) => resolved(resolve(lattice, phrase, "grant")));
}

function resolved(found: readonly Rule[] | string): readonly Rule[] {
  if (typeof found === "string") assert.fail(found);
  return found;
}

function applied(rules: readonly Rule[], step: GrantStep): readonly Rule[] {
  return step.kind === "clause" ? [...rules, ...step.rules] : step.clauses.flatMap((clause) => clause.rules);
}

function leavesOf(moments: readonly { readonly leaf: string }[]): string[] {
  return [...new Set(moments.map(({ leaf }) => leaf))].sort();
}
