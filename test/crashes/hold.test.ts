import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { newOperation } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { Ledger } from "../apply/writers";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { type Job, PROTOCOLS, run } from "./protocols";
import { forkRunner } from "./run";

/** Longer than any gate, in milliseconds. */
const WHILE = 6000;

/** See docs/decisions/0026-a-hold-does-not-expire.md. */
for (const version of testedVersions(["25.8"])) {
  describe(`a runner killed on a real ${version} between a RENAME and the views that follow it`, function () {
    this.timeout(120_000);
    let server: TestServer;
    let connection: Connection;
    before(async () => {
      server = await startServer({ version });
      connection = await openConnection({ url: server.url });
    });
    after(async () => {
      await connection?.close();
      await server?.stop();
    });

    it("leaves inserts refused, not rows that miss a view, until the next run has finished it", async () => {
      const job: Job = { database: "held", index: 0, operation: newOperation() };
      await connection.command("CREATE DATABASE held");
      await PROTOCOLS.rename.prepare(connection, job, new Ledger());
      await killedAt(job, /^RENAME TABLE/, "held.u");
      const insert = (id: number): Promise<unknown> =>
        connection.command(`INSERT INTO held.u (id, grp, v) SELECT ${id}, 1, 1`).then(
          () => undefined,
          (error: { code?: number }) => error.code,
        );
      for (const end = Date.now() + WHILE; Date.now() < end; await sleep(500)) assert.equal(await insert(1), 469);
      await server.kill();
      await server.start();
      assert.equal(await insert(2), 469, "a restart does not open it");
      await run("rename", connection, job);
      assert.equal(await insert(3), undefined);
      for (const table of ["held.u", "held.`t 2`", "held.agg", "held_o.out", "held.inner"]) {
        assert.deepEqual(await connection.query(`SELECT toUInt32(id) AS id FROM ${table}`), [{ id: 3 }], table);
      }
    });

    /** Kills a runner process that has sent a statement, once the table is there that the statement makes. */
    async function killedAt(job: Job, pattern: RegExp, table: string): Promise<void> {
      const child = forkRunner();
      const closed = once(child, "close");
      await once(child, "message");
      const hit = new Promise<void>((resolve) => {
        child.on("message", ({ statement = "" }: { statement?: string }) => {
          if (!pattern.test(statement)) return;
          // Frozen before it can send another one.
          child.kill("SIGSTOP");
          resolve();
        });
      });
      child.send({ protocol: "rename", url: server.url, job });
      await hit;
      while ((await connection.query<{ result: number }>(`EXISTS TABLE ${table}`))[0]?.result !== 1) await sleep(20);
      child.kill("SIGKILL");
      assert.deepEqual(await closed, [null, "SIGKILL"]);
    }
  });
}
