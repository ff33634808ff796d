import assert from "node:assert/strict";
import fc from "fast-check";
import { effectsOf } from "../../provider/src/plan/access-effects";
import type { Holder } from "../../provider/src/sql/access/holder";
import { linesOf } from "../../provider/src/sql/rights/lines";
import type { Rule } from "../../provider/src/sql/rights/points";
import { byEffort, SEED } from "../support/effort";
import { lattice, lists, valuesOf } from "./random-rights";

const RUNS = { numRuns: byEffort({ fast: 50, full: 300, soak: 5000 }), seed: SEED };
const ROLES = ["r1", "r2", "r3"];

const held = fc.record({ rules: lists, roles: fc.uniqueArray(fc.constantFrom(...ROLES), { maxLength: 2 }) });
const people = fc.tuple(fc.array(held, { minLength: 3, maxLength: 3 }), held).map(([roles, user]): Holder[] => [
  // A role only has roles after it: a server refuses circles.
  ...roles.map(
    ({ rules, roles: own }, index): Holder =>
      holder(
        "role",
        ROLES[index] ?? "",
        rules,
        own.filter((one) => ROLES.indexOf(one) > index),
      ),
  ),
  holder("user", "alice", user.rules, user.roles),
]);

describe("Who may do more or less after a change of rights", () => {
  it("is each user who has them by any way after it and by none before, or the other way round", () => {
    fc.assert(
      fc.property(people, fc.constantFrom(...ROLES, "alice"), held, (all, grantee, then) => {
        const before = all.find(({ name }) => name === grantee);
        if (before === undefined) return;
        const roles = then.roles.filter((one) => grantee === "alice" || ROLES.indexOf(one) > ROLES.indexOf(grantee));
        const changed = all.map((one) => (one === before ? holder(one.kind, grantee, then.rules, roles) : one));
        const [was, is] = [all, changed].map((world) => mayDo(world, "alice")) as [boolean[], boolean[]];
        const texts = { rights: linesOf(lattice, before.rules), roles: before.roles };
        const to = { rights: linesOf(lattice, then.rules), roles: granted(roles) };
        const [effect] = effectsOf(lattice, all, grantee, texts, to);
        const wins = is.some((has, index) => has && !was[index]);
        const loses = was.some((has, index) => has && !is[index]);
        assert.deepEqual([(effect?.won ?? "") !== "", (effect?.lost ?? "") !== ""], [wins, loses]);
      }),
      RUNS,
    );
  });
});

function holder(kind: "user" | "role", name: string, rules: readonly Rule[], roles: readonly string[]): Holder {
  return { kind, name, storage: "local_directory", rules, roles: granted(roles) };
}

function granted(roles: readonly string[]): { role: string; admin: boolean }[] {
  return roles.map((role) => ({ role, admin: false }));
}

/** By trying every point with every way to get there. */
function mayDo(world: readonly Holder[], name: string): boolean[] {
  const one = world.find((holder) => holder.name === name);
  if (one === undefined) return [];
  const ways = [valuesOf(one.rules).map((value) => value > 0), ...one.roles.map(({ role }) => mayDo(world, role))];
  return ways.reduce((some, way) => some.map((has, index) => has || way[index] === true));
}
