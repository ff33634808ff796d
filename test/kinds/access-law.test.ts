import assert from "node:assert/strict";
import fc from "fast-check";
import { ScratchEngine } from "../../provider/src/canonical/scratch-engine";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { openScratch } from "../../provider/src/connection/scratch";
import { readEntities } from "../../provider/src/introspect/access/catalog";
import { declareObject, diffObject, planObject, runnable } from "../../provider/src/kinds/object";
import { policyName } from "../../provider/src/sql/access/row-policy";
import type { AccessKind, AccessSpec } from "../../provider/src/sql/access/spec";
import { isAccess, keyOf, objectKey } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { byEffort, SEED } from "../support/effort";
import { startServer, type TestServer } from "../support/server";

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  max_memory_usage: ["10G", 5000, { value: "1Gi", min: 1, max: "2G", change: "never" }, { max: "20G" }],
  join_use_nulls: [true, 0, "1"],
  max_execution_time: [1.5, "90", { value: 10, change: "even-readonly" }],
  log_comment: ["a'b", "x\\y", "12", "TO, MAX"],
  readonly: [1, 2, { value: 0, change: "always" }],
  max_threads: [{ min: 1, max: 8 }, { change: "never" }],
  output_format_json_quote_64bit_integers: [false],
  date_time_input_format: ["best_effort", { value: "basic", change: "never" }],
  load_balancing: ["random", "in_order"],
};
const HOSTS = [
  ...["any", {}, { ip: ["10.1.2.3/8"] }, { ip: ["127.0.0.1", "1.2.3.4/32"] }, { ip: ["0.0.0.0/0"] }, { ip: ["::/0"] }],
  ...[
    { ip: ["192.168.7.9/20", "::1"], like: ["%.example.com"] },
    { names: ["a.example", "localhost"], regexp: [".*\\.ex"] },
  ],
  ...[
    { ip: ["2001:DB8:0:0:1::/64", "fe80::1:2/10", "2001:db8:0:0:1:0:0:1"] },
    { regexp: ["a,b", "c'd"], names: ["z", "y"] },
  ],
];

const settings = fc
  .subarray(Object.keys(VALUES))
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.constantFrom(...(VALUES[name] ?? [])).map((one) => [name, one]))),
  )
  .map((entries) => Object.fromEntries(entries));
const profiles = fc.subarray(["base", "other base"]);
const to = fc.constantFrom<unknown>([], ["r"], ["g", "r"], { except: ["default", "g"] }, { except: ["default"] });
const limits = fc
  .subarray([
    ["1 hour", { queries: 10, errors: 2 }],
    ["90 minutes", { resultRows: 5 }],
    ["1 day", {}],
    ["1 month", { randomized: true, executionTime: 1.5 }],
    ["2 weeks", { readBytes: 1_000_000_000_000, writtenBytes: 3, querySelects: 1, queryInserts: 2 }],
    ["45 seconds", { failedSequentialAuthentications: 3 }],
  ] as const)
  .map((entries) => Object.fromEntries(entries));
const keyedBy = fc.constantFrom(
  undefined,
  "user",
  "ip",
  "forwardedIp",
  "clientKey",
  "clientKeyOrUser",
  "clientKeyOrIp",
);

function auth(several: boolean): fc.Arbitrary<unknown> {
  const ways: unknown[] = [
    { password: true },
    { password: true, method: "doubleSha1", validUntil: "2040-01-02 03:04:05" },
    { bcryptHash: true },
    { ldap: "corp" },
    { kerberos: {} },
    { kerberos: { realm: "A.EXAMPLE" } },
    { certificate: { cn: ["a", "b"] } },
    { http: { server: "s" }, validUntil: "2041-01-01" },
  ];
  const one = fc.constantFrom(...ways, { none: true });
  return several ? fc.oneof(one, fc.subarray(ways, { minLength: 1, maxLength: 3 })) : one;
}

const FILTERS = [
  ...[
    "a=1",
    "(a = 1)",
    "a IN (1,2) and not b",
    "x like 'a''b%' or tenant=currentUser()",
    "1",
    "((a))=((b))",
    "-a < - 1",
  ],
  ...["d > now() - interval 1 day", "a in (select id from db.u where b=2)", "tenant IN ('x TO y', 'FOR SELECT')"],
];

const ARGUMENTS: { readonly [Kind in AccessKind]: (several: boolean) => fc.Arbitrary<object> } = {
  settingsProfile: () => fc.record({ inherits: profiles, settings, to }),
  role: () => fc.record({ profiles, settings }),
  quota: () => fc.record({ keyedBy, limits, to }),
  rowPolicy: () =>
    fc.record({ on: fc.constant("db.t"), using: fc.constantFrom(...FILTERS), restrictive: fc.boolean(), to }),
  user: (several) =>
    fc.record({
      auth: auth(several),
      hosts: fc.constantFrom(...HOSTS),
      defaultDatabase: fc.constantFrom(undefined, "db", "we ird"),
      profiles,
      settings,
      grantees: fc.constantFrom(undefined, [], ["g"], ["g", "r"]),
    }),
};

/** What policies filter. */
const TABLES = new Map([
  [
    objectKey("db", "t"),
    "CREATE TABLE db.t (a Int64, b UInt8, d DateTime, x String, tenant String) ENGINE = MergeTree ORDER BY a",
  ],
  [objectKey("db", "u"), "CREATE TABLE db.u (id Int64, b UInt8) ENGINE = MergeTree ORDER BY id"],
]);

function nameOf(kind: AccessKind, number: number, suffix = ""): string {
  const name = `${kind} ${number}${suffix}`;
  return kind === "rowPolicy" ? policyName({ policy: name, database: "db", table: "t" }) : name;
}

/** Any secret will do. */
function filled(sql: string): string {
  return sql
    .replace(/sha256_hash BY '\[HIDDEN\]' SALT '\[HIDDEN\]'/g, `sha256_hash BY '${"CD".repeat(32)}' SALT 'x'`)
    .replace(/double_sha1_hash BY '\[HIDDEN\]'/g, `double_sha1_hash BY '${"AB".repeat(20)}'`)
    .replace(
      /bcrypt_hash BY '\[HIDDEN\]'/g,
      "bcrypt_hash BY '$2a$12$rz5iy2LhuwBezsM88ZzWiemOVUeJ94xHTzwAlLMDhTzwUxOHaY64q'",
    );
}

for (const [version, runs] of [
  ["25.8", byEffort({ fast: 10, full: 40, soak: 5000 })],
  ["24.8", byEffort({ fast: 3, full: 10, soak: 1000 })],
] as const) {
  describe(`laws of users, roles, profiles, quotas and row policies, on a server of ${version}`, function () {
    this.timeout(byEffort({ fast: 120_000, full: 600_000, soak: 7_200_000 }));
    let server: TestServer;
    let connection: Connection;
    let scratch: ScratchEngine;
    const kept = new Map<string, AccessSpec>();

    before(async () => {
      server = await startServer({ version });
      connection = await openConnection({ url: server.url });
      scratch = new ScratchEngine(openScratch, async (key) => TABLES.get(key));
      const shared = [
        "CREATE ROLE r",
        "CREATE USER g",
        "CREATE SETTINGS PROFILE base",
        "CREATE SETTINGS PROFILE `other base`",
      ];
      for (const sql of shared) await connection.command(sql);
    });

    after(async () => {
      await Promise.all([connection?.close(), scratch?.close()]);
      await server?.stop();
    });

    const canonical = async (kind: AccessKind, name: string, args: object): Promise<AccessSpec> => {
      const given = JSON.parse(JSON.stringify(args)) as Record<string, unknown>;
      const spec = declareObject(kind, { database: "", name }, given);
      assert.ok(isAccess(spec));
      const { text: statement } = (await scratch.canonicalize(spec)).definition;
      const parsed = parseCreate(statement);
      assert.equal(renderCreate(parsed), statement);
      return parsed as AccessSpec;
    };
    const live = async (spec: AccessSpec): Promise<AccessSpec> => {
      const found = (await readEntities(connection, spec.kind)).get(keyOf(spec));
      assert.ok(found !== undefined, `${renderCreate(spec)}: is not there`);
      return parseCreate(found.statement) as AccessSpec;
    };

    for (const kind of Object.keys(ARGUMENTS) as AccessKind[]) {
      it(`${kind}: what is declared is what is read, and one ALTER leads from any to any other`, async () => {
        let count = 0;
        const any = ARGUMENTS[kind](version !== "24.8");
        await fc.assert(
          fc.asyncProperty(any, any, async (one, other) => {
            const name = nameOf(kind, count++);
            const from = await canonical(kind, name, one);
            await connection.command(filled(runnable(from, connection.capabilities)));
            const standing = await live(from);
            assert.deepEqual(diffObject(standing, from), []);
            const renamed = count % 3 === 0 ? nameOf(kind, count, " renamed") : name;
            const target = await canonical(kind, renamed, other);
            const { steps } = planObject(standing, target, diffObject(standing, target));
            assert.ok(steps.length <= 1, "more than one statement");
            for (const step of steps) if (step.kind === "statement") await connection.command(filled(step.sql));
            assert.deepEqual(diffObject(await live(target), target), []);
            kept.set(keyOf(target), target);
          }),
          { numRuns: runs, seed: SEED, endOnFailure: true },
        );
      });
    }

    it("a restart changes none of them", async () => {
      await server.restart();
      assert.ok(kept.size > 0);
      for (const kind of Object.keys(ARGUMENTS) as AccessKind[]) {
        const found = await readEntities(connection, kind);
        for (const [key, spec] of kept) {
          if (spec.kind !== kind) continue;
          const statement = found.get(key)?.statement;
          assert.ok(statement !== undefined, `${renderCreate(spec)}: is gone`);
          assert.deepEqual(diffObject(parseCreate(statement), spec), []);
        }
      }
    });
  });
}
