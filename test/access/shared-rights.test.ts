import assert from "node:assert/strict";
import fc from "fast-check";
import { type GrantStep, planSharedSteps } from "../../provider/src/plan/grant-steps";
import type { Rule, Value } from "../../provider/src/sql/rights/points";
import { allRights, commonRights, sharedRights } from "../../provider/src/sql/rights/shared";
import { byEffort, SEED } from "../support/effort";
import { lattice, lists, valuesOf } from "./random-rights";

const RUNS = { numRuns: byEffort({ fast: 100, full: 1000, soak: 20_000 }), seed: SEED };

/** What a grant declares: nothing is taken out of it. */
const given = lists.map((list) => list.filter(({ verb }) => verb.startsWith("grant")));

describe("Rights that several give to one grantee", function () {
  this.timeout(600_000);

  it("are less and more of two lists at each point", () => {
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        const [a, b] = [valuesOf(one), valuesOf(other)];
        const both = (pick: (x: Value, y: Value) => number) => a.map((value, index) => pick(value, b[index] ?? 0));
        assert.deepEqual(valuesOf(commonRights(lattice, one, other)), both(Math.min));
        assert.deepEqual(valuesOf(allRights(lattice, [one, other])), both(Math.max));
      }),
      RUNS,
    );
  });

  it("grow by what one gives, and what it takes back again is never anybody else's who gave it elsewhere", () => {
    fc.assert(
      fc.property(lists, given, given, (standing, own, others) => {
        const granted = sharedRights(lattice, standing, [], own, [others]);
        const [was, ours, now] = [standing, own, granted].map(valuesOf) as [Value[], Value[], Value[]];
        assert.deepEqual(
          now,
          was.map((value, index) => Math.max(value, ours[index] ?? 0)),
        );
        const before = commonRights(lattice, granted, own);
        const left = sharedRights(lattice, granted, before, [], [others]);
        const theirs = valuesOf(others);
        for (const [index, value] of valuesOf(left).entries()) {
          const [stood, gave, other] = [was[index] ?? 0, ours[index] ?? 0, theirs[index] ?? 0];
          if (gave === 0) assert.equal(value, stood, "a right that was not ours has changed");
          assert.ok(value <= (now[index] ?? 0), "taking back gives something");
          assert.ok(value >= Math.min(now[index] ?? 0, other), "another grant's right is gone");
          if (stood > gave) assert.ok(value > 0, "a right with more than ours is gone");
        }
      }),
      RUNS,
    );
  });

  it("go when they leave, where nobody else has given them", () => {
    fc.assert(
      fc.property(given, (own) => {
        const granted = sharedRights(lattice, [], [], own, []);
        const left = sharedRights(lattice, granted, commonRights(lattice, granted, own), [], []);
        assert.deepEqual(left, []);
      }),
      RUNS,
    );
  });

  it("are changed by single statements that arrive", () => {
    fc.assert(
      fc.property(lists, given, given, (standing, before, after) => {
        const held = sharedRights(lattice, standing, [], before, []);
        const wanted = sharedRights(lattice, held, commonRights(lattice, held, before), after, []);
        const { steps } = planSharedSteps(lattice, held, wanted);
        const now = steps.reduce<readonly Rule[]>(applied, held);
        assert.deepEqual(valuesOf(now), valuesOf(wanted));
      }),
      RUNS,
    );
  });
});

function applied(rules: readonly Rule[], step: GrantStep): readonly Rule[] {
  return step.kind === "clause" ? [...rules, ...step.rules] : step.clauses.flatMap((clause) => clause.rules);
}
