import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createWithBackfill } from "../../provider/src/apply/backfill/index";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { newOperation, previewRebuild, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { removeRetired } from "../../provider/src/apply/rebuild/old-tables";
import { previewRename, renameObject } from "../../provider/src/apply/rename/index";
import { RENAME } from "../../provider/src/apply/rename/protocol";
import { applyViewStep, previewViewStep, VIEW } from "../../provider/src/apply/views/index";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { neededRights } from "../../provider/src/doctor/needs";
import { checkServer } from "../../provider/src/doctor/server";
import { messageOf } from "../../provider/src/errors";
import { abort } from "../../provider/src/operation/engine";
import type { RunnerHooks } from "../../provider/src/operation/runner";
import type { ViewStep } from "../../provider/src/plan/index";
import { grantStatements } from "../../provider/src/sql/grants";
import { parseCreate } from "../../provider/src/sql/parse/index";
import { verify } from "../../provider/src/verify/index";
import { byEffort, EFFORT } from "../support/effort";
import { freshDatabase, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { Crash, dyingAt } from "./runs";

/** What makes somebody see only a part of the view, and how it is called. */
const RESTRICTIONS = [
  ["CREATE ROW POLICY p ON D.v USING who = 'mine' TO reader", "row policies"],
  [
    "REVOKE SELECT(who) ON D.v FROM reader",
    "(?:row policies|rights that differ by column or are revoked for it alone)",
  ],
] as const;

/** Statements between two kills of a runner. */
const STEP = byEffort({ fast: 20, full: 20, soak: 12 });
/** No change of a view with a target has as many. */
const LAST = 40;
/** Statements between two of its kills. */
const APART = byEffort({ fast: 15, full: 15, soak: 1 });
for (const version of testedVersions(["24.8", "25.8"])) {
  for (const canRead of version === "24.8" && EFFORT !== "soak" ? [true] : [true, false]) {
    describe(`who sees a part of a table's rows (${version}, users_without_row_policies_can_read_rows ${canRead})`, function () {
      this.timeout(600_000);
      let server: TestServer;
      let connection: Connection;
      let reader: Connection;
      let d: string;

      before(async () => {
        const setting = "users_without_row_policies_can_read_rows";
        const config = `<access_control_improvements><${setting}>${canRead}</${setting}></access_control_improvements>`;
        server = await startServer({ version, config });
        connection = await openConnection({ url: server.url });
        await connection.command("CREATE USER reader");
        reader = await openConnection({ url: server.url, username: "reader", password: "" });
      });
      beforeEach(async () => {
        d = await freshDatabase(server);
        for (const sql of [
          table("t"),
          table("x"),
          `INSERT INTO ${d}.t SELECT number, if(number % 2 = 0, 'mine', 'theirs') FROM numbers(1000)`,
          `GRANT SELECT ON ${d}.* TO reader`,
          `CREATE ROW POLICY p ON ${d}.t USING who = 'mine' TO reader`,
          `CREATE ROW POLICY q ON ${d}.t USING 1 TO default`,
        ]) {
          await connection.command(sql);
        }
      });
      after(async () => {
        await Promise.all([connection.close(), reader.close()]);
        await server.stop();
      });

      it("sees no more of them in any table of a rebuild whose runner is killed again and again, nor afterwards", async () => {
        const operation = newOperation();
        const leaks = await watching(() =>
          again((hooks) =>
            rebuildTable(connection, {
              from: table("t"),
              to: table("t", "who"),
              operation,
              keepOld: 0,
              chunkRows: 500,
              ...hooks,
            }),
          ),
        );
        assert.deepEqual(leaks, []);
        const [row] = await connection.query(`SELECT toUInt32(count()) AS rows FROM ${d}.t__old_${operation}`);
        assert.deepEqual(row, { rows: 1000 }, "the deployer sees all of them");
        await removeRetired(connection, d, Number.MAX_SAFE_INTEGER);
        assert.deepEqual(await policies(), ["p ON t", "q ON t"]);
      });

      it("sees no more of them in any table of a backfill, and no policy is left", async () => {
        const view = `CREATE MATERIALIZED VIEW ${d}.v TO ${d}.x (\`a\` UInt64, \`who\` String) AS SELECT a, who FROM ${d}.t`;
        const leaks = await watching(() => again((hooks) => createWithBackfill(connection, [view], { ...hooks })));
        // Who may read the target is declared for the target; the view shows its rows.
        assert.deepEqual(
          leaks.filter((name) => name !== "x" && name !== "v"),
          [],
        );
        const [row] = await connection.query(`SELECT toUInt32(count()) AS rows FROM ${d}.x`);
        assert.deepEqual(row, { rows: 1000 });
        assert.deepEqual(await policies(), ["p ON t", "q ON t"]);
      });

      it("makes doctor name the rights to guard what an operation makes, and only there", async () => {
        const other = await freshDatabase(server);
        const needs = [d, other].flatMap((name) => grantStatements(neededRights([name], ["MergeTree"]), "deployer"));
        for (const sql of ["CREATE USER IF NOT EXISTS deployer", "GRANT SELECT ON system.* TO deployer", ...needs])
          await connection.command(sql);
        for (const right of ["SHOW USERS", "SHOW ROLES", "SHOW ROW POLICIES"])
          await connection.command(`GRANT ${right} ON *.* TO deployer`);
        const deployer = await openConnection({ url: server.url, username: "deployer", password: "" });
        const missing = async (database: string): Promise<string | undefined> => {
          const checks = await checkServer(deployer, { databases: [database], scratch: undefined });
          return checks.find(({ id }) => id === "rights-protocols")?.next?.split("\n")[0];
        };
        assert.equal(await missing(other), undefined);
        const grant = `GRANT CREATE ROW POLICY, DROP ROW POLICY ON ${d}.* TO deployer;`;
        assert.equal(await missing(d), grant);
        await connection.command(grant);
        assert.equal(await missing(d), undefined);
        await deployer.close();
      });

      it("is refused more of them where the deployer may not make policies: at preview and at up in the same words, and the way out works", async () => {
        await connection.command(table("y"));
        const view = (target: string): string =>
          `CREATE MATERIALIZED VIEW ${d}.v TO ${d}.${target} (\`a\` UInt64, \`who\` String) AS SELECT a, who FROM ${d}.t`;
        await connection.command(view("x"));
        const user = `deployer_${d}`;
        const needs = grantStatements(neededRights([d], ["MergeTree"]), user);
        for (const sql of [`CREATE USER ${user}`, `GRANT SELECT ON system.* TO ${user}`, ...needs])
          await connection.command(sql);
        await connection.command(`CREATE ROW POLICY r ON ${d}.t USING 1 TO ${user}`);
        const deployer = await openConnection({ url: server.url, username: user, password: "" });
        const [x, y] = ["x", "y"].map((target) => parseCreate(view(target))) as [ViewStep["to"], ViewStep["to"]];
        const step = { kind: "retarget-view", from: x, to: y } as const;
        const look = () => previewViewStep(deployer, step, { allow: [], ending: new Set() });
        const rename = { object: "table", from: { database: d, name: "x" }, to: { database: d, name: "x2" } } as const;
        assert.equal((await look()).unseen, undefined, "everybody sees all of the view");
        for (const [restrict, what] of RESTRICTIONS) {
          await connection.command(restrict.replace("D.", `${d}.`));
          const said = await look().then(() => "", messageOf);
          assert.match(said, new RegExp(`^${d}\\.v: has ${what}, and its working copies need row policies too`));
          assert.match(said, new RegExp(`Grant CREATE ROW POLICY and DROP ROW POLICY on ${d}\\.\\* to ${user}, and`));
          await assert.rejects(applyViewStep(deployer, step, { operation: newOperation() }), { message: said });
          const renamed = previewRename(deployer, { ...rename, ending: new Set() });
          await assert.rejects(renamed, { message: said });
          await assert.rejects(renameObject(deployer, { ...rename, operation: newOperation() }), { message: said });
        }
        const rebuild = { from: table("t"), to: table("t", "who") };
        const { refusals } = await previewRebuild(deployer, rebuild);
        assert.match(
          refusals.map(({ message }) => message).join("\n"),
          new RegExp(`^${d}\\.t: has row policies, .*Grant CREATE ROW POLICY`),
        );
        const atUp = await rebuildTable(deployer, { ...rebuild, operation: newOperation() }).then(() => "", messageOf);
        assert.ok(
          refusals.some(({ message }) => message === atUp),
          atUp,
        );
        await connection.command(`GRANT CREATE ROW POLICY, DROP ROW POLICY ON ${d}.* TO ${user}`);
        await applyViewStep(deployer, step, { operation: newOperation() });
        await connection.command(`REVOKE SELECT ON system.* FROM ${user}`);
        await connection.command(`GRANT SELECT ON system.tables, SELECT ON system.parts TO ${user}`);
        const other = { kind: "retarget-view", from: y, to: x } as const;
        const { unseen } = await previewViewStep(deployer, other, { allow: [], ending: new Set() });
        assert.match(unseen ?? "", new RegExp(`^unknown: whether some users may see only part of ${d}\\.v`));
        await connection.command(/: (GRANT .*)$/.exec(unseen ?? "")?.[1] ?? "");
        const known = await previewViewStep(deployer, other, { allow: [], ending: new Set() });
        assert.equal(known.unseen, undefined);
        await deployer.close();
      });

      it("is not told that a target equals its source by a user who sees a part of the rows", async () => {
        const state =
          "(`who` String, `n` SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY who";
        await connection.command(`CREATE TABLE ${d}.counted ${state}`);
        await connection.command(
          `CREATE MATERIALIZED VIEW ${d}.counts TO ${d}.counted AS SELECT who, count() AS n FROM ${d}.t GROUP BY who`,
        );
        await connection.command(`INSERT INTO ${d}.t SELECT number, 'theirs' FROM numbers(10)`);
        await assert.rejects(
          verify(reader, { databases: [d] }),
          new RegExp(
            `^SchemaError: ${d}\\.t: reader does not see all of its rows .* CREATE ROW POLICY _all ON ${d}\\.t USING 1 TO`,
          ),
        );
        await connection.command(`CREATE ROW POLICY _all ON ${d}.t USING 1 TO reader`);
        await connection.command("GRANT SELECT ON system.* TO reader");
        const [report] = await verify(reader, { databases: [d] });
        assert.equal(report?.verdict, "different", "rows from before the view");
      });

      it("sees no more of them under either name while a table is renamed with its policies, killed at each step and taken back, nor afterwards", async () => {
        const shown = await policyTexts();
        let [now, renames, undone] = ["t", 0, 0];
        const leaks = await watching(async () => {
          for (let dieAt = canRead ? 1 : 2; dieAt <= 30; dieAt += byEffort({ fast: 6, full: 3, soak: 1 })) {
            const [operation, name] = [newOperation(), `n${dieAt}`];
            const names = { from: { database: d, name: now }, to: { database: d, name } } as const;
            const run = (hooks: RunnerHooks): Promise<unknown> =>
              renameObject(connection, { object: "table", ...names, operation, ...hooks });
            if (await dies(run, dieAt)) {
              const [left] = await unfinishedOperations(connection, d);
              if (left?.canAbort === true && dieAt % 2 === 0) {
                undone++;
                await abort(RENAME, connection, { database: d, operation });
                assert.deepEqual(
                  await policyTexts(),
                  shown.map((one) => one.replaceAll(`${d}.t `, `${d}.${now} `)),
                );
                continue;
              }
              await run({});
            }
            now = name;
            renames++;
          }
        });
        assert.deepEqual(leaks, []);
        assert.ok(renames > 1 && undone > 0, `${renames} renamed, ${undone} taken back`);
        assert.deepEqual(
          await policyTexts(),
          shown.map((one) => one.replaceAll(`${d}.t `, `${d}.${now} `)),
        );
        assert.deepEqual(await reader.query(`SELECT DISTINCT who FROM ${d}.${now}`), [{ who: "mine" }]);
      });

      it("is told at preview what happens to the policies, and what would let somebody see more is refused, and the way out works", async () => {
        const names = { object: "table", from: { database: d, name: "t" }, to: { database: d, name: "n" } } as const;
        const preview = () => previewRename(connection, { ...names, ending: new Set() });
        const { policies: note } = await preview();
        assert.match(
          note ?? "",
          /made for the new name \(\S+\.n, …\) before anything has it, and dropped for the old one at the end: p ON \S+\.t, q ON \S+\.t$/,
        );
        await connection.command(`CREATE ROW POLICY other ON ${d}.n USING 1 TO reader`);
        const said = await preview().then(() => "", messageOf);
        assert.match(said, /not renamed, because row policy other ON \S+\.n stands for the new name already/);
        await assert.rejects(renameObject(connection, { ...names, operation: newOperation() }), { message: said });
        await connection.command(/\((DROP ROW POLICY [^)]*)\)/.exec(said)?.[1] ?? "");
        await connection.command(`CREATE ROW POLICY elsewhere ON ${d}.x USING a IN (SELECT a FROM ${d}.t) TO reader`);
        assert.match(await preview().then(() => "", messageOf), /row policy elsewhere ON \S+\.x reads it/);
        await connection.command(`DROP ROW POLICY elsewhere ON ${d}.x`);
        await renameObject(connection, { ...names, operation: newOperation() });
        assert.deepEqual(await reader.query(`SELECT DISTINCT who FROM ${d}.n`), [{ who: "mine" }]);
      });

      it("sees no more of them while a database is renamed with its policies", async () => {
        const other = `${d}_renamed`;
        await connection.command(`GRANT SELECT ON ${other}.* TO reader`);
        let seen: string[] = [];
        let over = false;
        const poll = (async () => {
          while (!over) {
            for (const name of [d, other]) {
              const rows = await reader.query<{ who: string }>(`SELECT DISTINCT who FROM ${name}.t`).catch(() => []);
              seen = [...seen, ...rows.map(({ who }) => who)];
            }
          }
        })();
        await renameObject(connection, {
          ...{ object: "database", from: { database: d }, to: { database: other }, operation: newOperation() },
        });
        assert.deepEqual(await reader.query(`SELECT DISTINCT who FROM ${other}.t`), [{ who: "mine" }]);
        over = true;
        await poll;
        assert.deepEqual([...new Set(seen)], ["mine"]);
        const [left] = await connection.query<{ left: string }>(
          `SELECT count() AS left FROM system.row_policies WHERE database = '${d}'`,
        );
        assert.equal(Number(left?.left), 0);
        await connection.command(`DROP DATABASE ${other} SYNC`);
      });

      it("sees no more of them under the other name of a view with a target that is changed, renamed with it or taken back, killed at each step", async () => {
        await connection.command(table("y"));
        const view = (target: string): string =>
          `CREATE MATERIALIZED VIEW ${d}.v TO ${d}.${target} (\`a\` UInt64, \`who\` String) AS SELECT a, who FROM ${d}.t`;
        await connection.command(view("x"));
        await connection.command(`CREATE ROW POLICY p ON ${d}.v USING who = 'mine' TO reader`);
        await connection.command(`CREATE ROW POLICY q ON ${d}.v USING 1 TO default`);
        const fill = (n: number): string =>
          `INSERT INTO ${d}.t SELECT number, if(number % 2 = 0, 'mine', 'theirs') FROM numbers(${n})`;
        for (const target of ["x", "y"])
          await connection.command(fill(0).replace(`${d}.t`, `${d}.${target}`).replace("numbers(0)", "numbers(10)"));
        const before = await policies();
        const leaks = await watching(async () => {
          let [now, then] = ["x", "y"];
          for (let dieAt = canRead ? 1 : 2; dieAt <= LAST; dieAt += APART) {
            const operation = newOperation();
            const [from, to] = [now, then].map((target) => parseCreate(view(target))) as [
              ViewStep["to"],
              ViewStep["to"],
            ];
            const run = (hooks: RunnerHooks): Promise<unknown> =>
              applyViewStep(connection, { kind: "retarget-view", from, to }, { operation, ...hooks });
            if (await dies(run, dieAt)) {
              const [left] = await unfinishedOperations(connection, d);
              const isUndone = left?.canAbort === true && dieAt % 3 === 0;
              if (isUndone) await abort(VIEW, connection, { database: d, operation });
              else await run({});
              if (isUndone) continue;
            }
            [now, then] = [then, now];
          }
          for (let dieAt = canRead ? 2 : 1; dieAt <= LAST; dieAt += 2 * APART) {
            const [operation, name] = [newOperation(), `${now}${dieAt}`];
            const names = { from: { database: d, name: now }, to: { database: d, name } } as const;
            const run = (hooks: RunnerHooks): Promise<unknown> =>
              renameObject(connection, { object: "table", ...names, operation, ...hooks });
            if (await dies(run, dieAt)) await run({});
            now = name;
          }
          await connection.command(fill(3));
          const [row] = await connection.query(`SELECT toUInt32(count()) AS rows FROM ${d}.${now}`);
          assert.deepEqual(row, { rows: 13 });
        });
        assert.deepEqual(
          leaks.filter((name) => !/^[xy]\d*$/.test(name)),
          [],
          "who may read the targets is declared for them",
        );
        assert.deepEqual(await reader.query(`SELECT DISTINCT who FROM ${d}.v`), [{ who: "mine" }]);
        assert.deepEqual(await policies(), before);
      });

      // One of the two with each configuration.
      for (const byName of [!canRead]) {
        it(`sees no more of them while a view with an inner table is recreated, ${byName ? "whose inner table has policies as well" : "nor afterwards"}`, async () => {
          const columns = "(`a` UInt64, `who` String)";
          const view = (orderBy: string): string =>
            `CREATE MATERIALIZED VIEW ${d}.v ${columns} ENGINE = MergeTree ORDER BY ${orderBy} AS SELECT a, who FROM ${d}.t`;
          await connection.command(view("a"));
          await connection.command(
            `INSERT INTO ${d}.t SELECT number, if(number % 2 = 0, 'mine', 'theirs') FROM numbers(1000)`,
          );
          const old = await innerOf("v");
          for (const name of byName ? ["v", old] : ["v"]) {
            await connection.command(`CREATE ROW POLICY p ON ${d}.\`${name}\` USING who = 'mine' TO reader`);
            await connection.command(`CREATE ROW POLICY q ON ${d}.\`${name}\` USING 1 TO default`);
          }
          const [from, to] = [view("a"), view("who")].map((sql) => parseCreate(sql)) as [
            ViewStep["from"],
            ViewStep["to"],
          ];
          const operation = newOperation();
          const leaks = await watching(() =>
            again(async (hooks) => {
              await applyViewStep(connection, { kind: "recreate-view", from, to }, { operation, keepOld: 0, ...hooks });
            }),
          );
          // What has no policy by its own name was open to the reader before, too.
          assert.deepEqual(
            leaks.filter((name) => byName || !name.startsWith(".inner_id.")),
            [],
          );
          assert.notEqual(await innerOf("v"), old);
          const [rows] = await connection.query(`SELECT toUInt32(count()) AS rows FROM ${d}.v`);
          assert.deepEqual(rows, { rows: 1000 });
          assert.deepEqual(await reader.query(`SELECT DISTINCT who FROM ${d}.v`), [{ who: "mine" }]);
          await removeRetired(connection, d, Number.MAX_SAFE_INTEGER);
          const made = await innerOf("v");
          const kept = [`_guard_${operation} ON ${made}`, `_guard_own_${operation} ON ${made}`];
          const own = [
            ...(byName ? [`p ON ${old}`, `q ON ${old}`, ...kept] : []),
            "p ON t",
            "p ON v",
            "q ON t",
            "q ON v",
          ];
          assert.deepEqual(await policies(), own.sort());
        });
      }

      async function innerOf(name: string): Promise<string> {
        const [row] = await connection.query<{ uuid: string }>(
          `SELECT toString(uuid) AS uuid FROM system.tables WHERE database = '${d}' AND name = '${name}'`,
        );
        return `.inner_id.${row?.uuid}`;
      }

      function table(name: string, orderBy = "a"): string {
        return `CREATE TABLE ${d}.${name} (\`a\` UInt64, \`who\` String) ENGINE = MergeTree ORDER BY ${orderBy}`;
      }

      /** @returns whether it died. */
      async function dies(work: (hooks: RunnerHooks) => Promise<unknown>, dieAt: number): Promise<boolean> {
        try {
          await work(dyingAt(dieAt) as RunnerHooks);
          return false;
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
          await sleep(30);
          return true;
        }
      }

      /** Runs something with runners that die, the last one not. */
      async function again(work: (hooks: RunnerHooks) => Promise<unknown>): Promise<void> {
        for (let dieAt = 4; ; dieAt += STEP) {
          try {
            await work(dieAt > 60 ? {} : (dyingAt(dieAt) as RunnerHooks));
            return;
          } catch (error) {
            if (!(error instanceof Crash)) throw error;
            await sleep(30);
          }
        }
      }

      /** Reads every table all the time while something is done. @returns those that showed what is not the reader's. */
      async function watching(work: () => Promise<void>): Promise<string[]> {
        const leaks = new Set<string>();
        let [over, reads] = [false, 0];
        const watch = async (): Promise<void> => {
          for (; !over; await sleep(10)) {
            const tables = await connection.query<{ name: string }>(
              `SELECT name FROM system.tables WHERE database = '${d}' AND name != '_schema_ops'`,
            );
            for (const { name } of tables) {
              const rows = await reader
                .query<{ who: string }>(`SELECT DISTINCT who FROM ${d}.\`${name}\``)
                .catch((error: unknown) => {
                  // Tables come and go under the reader; what is refused shows nothing.
                  if (error instanceof ServerError) return [];
                  throw error;
                });
              reads += 1;
              if (rows.some(({ who }) => who === "theirs")) leaks.add(name);
            }
          }
        };
        const watcher = watch();
        await work();
        over = true;
        await watcher;
        assert.ok(reads > 10, `only ${reads} reads`);
        return [...leaks];
      }

      async function policyTexts(): Promise<string[]> {
        const rows = await connection.query<Record<string, string>>("SHOW CREATE ROW POLICIES");
        return rows
          .map((row) => String(Object.values(row)[0]))
          .filter((text) => text.includes(` ON ${d}.`))
          .sort();
      }

      async function policies(): Promise<string[]> {
        const rows = await connection.query<{ policy: string }>(
          `SELECT concat(short_name, ' ON ', table) AS policy FROM system.row_policies WHERE database = '${d}' ORDER BY policy`,
        );
        return rows.map(({ policy }) => policy);
      }
    });
  }
}
