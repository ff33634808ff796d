import assert from "node:assert/strict";
import fc from "fast-check";
import { readHolders } from "../../provider/src/introspect/grants";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import type { GrantSpec } from "../../provider/src/sql/access/grant";
import { partHeld } from "../../provider/src/sql/access/grant-part";
import type { GrantsSpec } from "../../provider/src/sql/access/grants";
import type { Holder } from "../../provider/src/sql/access/holder";
import { linesOf, rulesOfLines } from "../../provider/src/sql/rights/lines";
import { lostByServer } from "../../provider/src/sql/rights/lost";
import { differences, type Rule } from "../../provider/src/sql/rights/points";
import { sharedRights } from "../../provider/src/sql/rights/shared";
import { byEffort, report, SEED } from "../support/effort";
import type { Version } from "../support/server";
import { AccessRig } from "./rig";

const ROUNDS = byEffort({ fast: 15, full: 200, soak: 5000 });
/** Roles that are read together, so that reading costs little. */
const BATCH = 50;

const PRIVILEGES = [
  "SELECT",
  "INSERT",
  "ALTER",
  "ALTER COLUMN",
  "SHOW",
  "CREATE TABLE",
  "DROP TABLE",
  "TRUNCATE",
  "dictGet",
  "OPTIMIZE",
  "ALL",
];
const SCOPES = ["*.*", "db.*", "db1.*", "db.t", "db.t1", "db1.t"];
const PREFIXES = ["db*.*", "db.t*"];
const OBJECTS = ["TABLE ENGINE ON *", "TABLE ENGINE ON Memory", "CREATE USER ON *.*", "S3 ON *.*", "FILE ON *.*"];
/** Rights that are groups as well, and what is in them. */
const WHOLES = [
  "NAMED COLLECTION ADMIN ON *",
  "NAMED COLLECTION ADMIN ON web",
  "NAMED COLLECTION ON *",
  "NAMED COLLECTION, SHOW NAMED COLLECTIONS ON web",
  "CREATE ARBITRARY TEMPORARY TABLE ON *.*",
  "CREATE TEMPORARY TABLE ON *.*",
];

/** Rights of one grantee: some given, now and then one taken out. */
function lists(version: Version): fc.Arbitrary<readonly string[]> {
  const scopes = version === "24.8" ? SCOPES : [...SCOPES, ...PREFIXES];
  const onNames = fc
    .tuple(fc.constantFrom(...PRIVILEGES), fc.constantFrom(...scopes), fc.boolean(), fc.constantFrom("a", "b"))
    .map(([privilege, scope, isColumn, column]) => {
      const ofColumn = isColumn && /^\w+\.\w+$/.test(scope) && ["SELECT", "INSERT"].includes(privilege);
      return `${privilege}${ofColumn ? `(${column})` : ""} ON ${scope}`;
    });
  const right = fc.oneof(
    { weight: 6, arbitrary: onNames },
    { weight: 1, arbitrary: fc.constantFrom(...OBJECTS) },
    { weight: 1, arbitrary: fc.constantFrom(...WHOLES) },
  );
  const given = fc.tuple(right, fc.nat(3)).map(([text, n]) => (n === 0 ? `${text} WITH GRANT OPTION` : text));
  // 24.8 stores what is taken out of one collection for all of them.
  const onOne = WHOLES.filter((text) => version !== "24.8" || !text.endsWith(" web"));
  const taken = fc
    .oneof(
      { weight: 6, arbitrary: onNames.filter((text) => !text.endsWith("*.*")) },
      { weight: 1, arbitrary: fc.constantFrom(...onOne) },
    )
    .map((text) => `REVOKE ${text}`);
  return fc.tuple(fc.array(given, { maxLength: 4 }), fc.array(taken, { maxLength: 1 })).map((all) => all.flat());
}

for (const version of ["25.8", "24.8"] as const satisfies readonly Version[]) {
  describe(`random rights on a server of ${version}`, function () {
    this.timeout(3_600_000);
    let rig: AccessRig;
    const declared = new Map<string, readonly string[]>();
    const lostRights: string[] = [];
    const lostOptions: string[] = [];
    const counts = { transitions: 0, statements: 0, notKept: 0 };

    before(async () => {
      rig = await AccessRig.start(version);
    });

    after(() => rig?.stop());

    const holders = async (names: readonly string[]): Promise<Map<string, Holder>> =>
      new Map((await readHolders(rig.admin, rig.lattice, names)).map((one) => [one.name, one]));
    const linesFor = (holder: Holder | undefined): string[] => linesOf(rig.lattice, holder?.rules ?? []);
    const rulesOf = (lines: readonly string[]): readonly Rule[] => {
      const { rules, problems } = rulesOfLines(rig.lattice, lines);
      assert.deepEqual(problems, []);
      return rules;
    };
    const isKept = (rules: readonly Rule[]): boolean => {
      const kept = lostByServer(rig.lattice, rules, rig.admin.capabilities).length === 0;
      if (!kept) counts.notKept++;
      return kept;
    };
    const inBatches = async <T>(
      samples: readonly T[],
      work: (batch: readonly (readonly [string, T])[]) => Promise<void>,
      prefix: string,
    ) => {
      for (let from = 0; from < samples.length; from += BATCH) {
        const batch = samples
          .slice(from, from + BATCH)
          .map((sample, index) => [`${prefix}_${from + index}`, sample] as const);
        await rig.run(`CREATE ROLE ${batch.map(([name]) => name).join(", ")}`);
        await work(batch);
      }
    };
    /** Statements on one role run in order, those of several at the same time. */
    const runAll = async (plans: readonly (readonly string[])[]): Promise<void> => {
      const waiting = [...plans];
      const worker = async (): Promise<void> => {
        for (let plan = waiting.pop(); plan !== undefined; plan = waiting.pop()) {
          counts.statements += plan.length;
          await rig.run(...plan);
        }
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
    };
    const compare = (
      name: string,
      wanted: readonly string[],
      now: Holder | undefined,
      from: readonly string[],
    ): void => {
      counts.transitions++;
      const found = linesFor(now);
      const differing = differences(rig.lattice, rulesOf(wanted), now?.rules ?? []);
      if (differing.length > 0) {
        const isRight = differing.some((one) => one.from > 0 !== one.to > 0);
        const text = `${name}: ${JSON.stringify(from)} → ${JSON.stringify(wanted)}: ${JSON.stringify(found)}`;
        (isRight ? lostRights : lostOptions).push(text);
      }
      declared.set(name, found);
    };

    it("change from any to any by Grants, and then there is nothing left to do", async () => {
      const samples = fc.sample(fc.array(lists(version), { minLength: 2, maxLength: 3 }), {
        numRuns: ROUNDS,
        seed: SEED,
      });
      await inBatches(
        samples,
        async (batch) => {
          for (const turn of [0, 1, 2]) {
            const all = batch.flatMap(([name, chain]) => {
              const rules = chain[turn] && rulesOf(chain[turn]);
              return rules !== undefined && isKept(rules) ? [{ name, rights: linesOf(rig.lattice, rules) }] : [];
            });
            const before = await holders(all.map(({ name }) => name));
            const grants = (name: string, rights: readonly string[]): GrantsSpec => ({ kind: "grants", name, rights });
            const plan = (name: string, now: readonly string[], to: readonly string[]): string[] => {
              const [from, then] = [grants(name, now), grants(name, to)];
              const { steps } = planObject(from, then, diffObject(from, then), { privileges: rig.lattice });
              return steps.flatMap((step) => (step.kind === "statement" ? [step.sql] : []));
            };
            await runAll(all.map(({ name, rights }) => plan(name, linesFor(before.get(name)), rights)));
            const after = await holders(all.map(({ name }) => name));
            for (const { name, rights } of all) compare(name, rights, after.get(name), linesFor(before.get(name)));
          }
        },
        "all",
      );
    });

    it("grow and shrink by a Grant beside what others gave, as the law of shared rights says", async () => {
      const samples = fc.sample(fc.tuple(lists(version), lists(version), lists(version)), {
        numRuns: ROUNDS,
        seed: SEED + 1,
      });
      const given = (list: readonly string[]): string[] => list.filter((line) => !line.startsWith("REVOKE"));
      await inBatches(
        samples,
        async (batch) => {
          const all = batch.filter(
            ([, chain]) => chain.every((list) => isKept(rulesOf(list))) && isKept(rulesOf(chain.flat())),
          );
          await runAll(all.map(([name, [standing]]) => statements(name, standing)));
          const own = new Map<string, readonly string[]>();
          /** Roles with what the server would not keep. */
          const left = new Set<string>();
          for (const turn of [1, 2, 3] as const) {
            const before = await holders(all.map(([name]) => name));
            const wanted = new Map<string, string[]>();
            const plans = all.map(([name, chain]) => {
              const held = linesFor(before.get(name));
              const grant = (rights: readonly string[]): GrantSpec => ({
                kind: "grant",
                name: `law TO ${name}`,
                rights,
              });
              const to = grant(
                linesOf(rig.lattice, rulesOf(given((chain as readonly (readonly string[])[])[turn] ?? []))),
              );
              const from = partHeld(rig.lattice, grant(held), grant(own.get(name) ?? []));
              own.set(name, to.rights ?? []);
              const rules = [held, from.rights ?? [], to.rights ?? []].map(rulesOf) as [Rule[], Rule[], Rule[]];
              const then = sharedRights(rig.lattice, ...rules, []);
              if (left.has(name) || !isKept(then)) {
                left.add(name);
                return [];
              }
              wanted.set(name, linesOf(rig.lattice, then));
              const beside = { held: grant(held), others: [] };
              const { steps } = planObject(from, to, diffObject(from, to), { privileges: rig.lattice, beside });
              return steps.flatMap((step) => (step.kind === "statement" ? [step.sql] : []));
            });
            await runAll(plans);
            const after = await holders(all.map(([name]) => name));
            for (const [name] of all.filter(([name]) => !left.has(name)))
              compare(name, wanted.get(name) ?? [], after.get(name), linesFor(before.get(name)));
          }
        },
        "some",
      );
    });

    it("are all there after a restart", async () => {
      report({ version, ...counts, lostOptions: lostOptions.length });
      assert.ok(counts.statements > ROUNDS && counts.transitions > ROUNDS, JSON.stringify(counts));
      assert.deepEqual(lostRights, []);
      // 25.8 loses a grant option now and then, where prefixes and options are mixed; `up` then says so.
      assert.ok(lostOptions.length <= counts.transitions / 50, lostOptions.slice(0, 20).join("\n"));
      await rig.server.restart();
      const names = [...declared.keys()];
      const changed: string[] = [];
      for (let from = 0; from < names.length; from += BATCH) {
        const now = await holders(names.slice(from, from + BATCH));
        for (const [name, holder] of now) {
          const [was, is] = [declared.get(name), linesFor(holder)].map((lines) => JSON.stringify(lines));
          if (was !== is) changed.push(`${name}: ${was} → ${is}`);
        }
      }
      assert.deepEqual(changed, []);
    });
  });
}

/** As an administrator would type them: what is given, then what is taken out. */
function statements(name: string, list: readonly string[]): string[] {
  return list.map((line) => {
    if (line.startsWith("REVOKE")) return `${line} FROM ${name}`;
    const text = line.replace(" WITH GRANT OPTION", "");
    return `GRANT ${text} TO ${name}${text === line ? "" : " WITH GRANT OPTION"}`;
  });
}
