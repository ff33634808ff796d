import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider } from "../support/provider";
import { sharedServer, stopSharedServer } from "../support/server";
import { DATABASE, type Declared, lastDeclared, OBJECTS, type Stored, type StoredState } from "./states";

const FOLDER = path.join(__dirname, "recorded");
const FILES = readdirSync(FOLDER).filter((file) => file.startsWith("states-"));
/** What the interrupted run of the recorded version left to be done. */
const LEFT = /^ALTER TABLE states_of_old\.failed ADD COLUMN `b` String AFTER `a`;/;

interface Recorded extends Stored {
  readonly declared: Declared & { readonly urn: string };
}

for (const file of FILES) {
  const { objects } = JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")) as StoredState;
  const recorded: readonly Recorded[] = OBJECTS.map((one, index) => ({
    ...(objects[index] as Stored),
    declared: lastDeclared(one),
  }));

  describe(`a state of ${file.slice("states-".length, -".json".length)}`, function () {
    this.timeout(120_000);
    let connection: Connection;
    let provider: TestProvider;

    before(async () => {
      connection = await openConnection({ url: (await sharedServer()).url });
    });

    beforeEach(async () => {
      for (const { live } of recorded) await connection.command(live);
      provider = new TestProvider({ "clickhouse:url": (await sharedServer()).url });
    });

    afterEach(async () => {
      await provider.close();
      await connection.command(`DROP DATABASE IF EXISTS ${DATABASE} SYNC`);
    });

    after(async () => {
      await connection?.close();
      await stopSharedServer();
    });

    /** As a run of the CLI does: check and diff of all, in order. @returns inputs, and whether something differs. */
    async function preview(change: (one: Declared) => object = ({ args }) => args) {
      const found = [];
      for (const one of recorded) {
        const { declared, id, inputs: olds, outs } = one;
        const { inputs = {}, failures } = await provider.check(declared.kind, {
          ...declared,
          args: change(declared),
          olds,
        });
        assert.deepEqual(failures, [], id);
        const { changes } = await provider.of(declared.kind).diff(id, outs, inputs);
        found.push({ ...one, now: inputs, differs: changes !== false });
      }
      return found;
    }

    /** @returns the plans, by name. */
    async function up(change?: (one: Declared) => object): Promise<Record<string, unknown>> {
      const plans: Record<string, unknown> = {};
      for (const { declared, differs, id, now, outs } of await preview(change)) {
        if (!differs) continue;
        plans[declared.name] = now["plan"];
        const { outs: after = {} } = await provider.of(declared.kind).update(id, outs, now);
        assert.equal((after as Record<string, unknown>)["statement"], now["statement"]);
      }
      return plans;
    }

    it("shows no difference to the same program, but what its last run left to be done", async () => {
      const found = await preview();
      assert.deepEqual(
        found.filter(({ differs }) => differs).map(({ declared }) => declared.name),
        ["failed"],
      );
      for (const { inputs, now } of found) assert.equal(now["statement"], inputs["statement"]);
      assert.match(String(found.find(({ declared }) => declared.name === "failed")?.now["plan"]), LEFT);
    });

    it("is brought to its end by an up, after which nothing differs", async () => {
      const plans = await up();
      assert.deepEqual(Object.keys(plans), ["failed"]);
      assert.match(String(plans["failed"]), LEFT);
    });

    it("is changed in place", async () => {
      const plans = await up(({ args, name }) => {
        if (name === "events") return { ...args, comment: "of today" };
        if (name === "per_day") return { query: `SELECT day, 2 * sum(n) AS n FROM ${DATABASE}.sums GROUP BY day` };
        return args;
      });
      assert.deepEqual(Object.keys(plans), ["events", "per_day", "failed"]);
      const [row] = await connection.query<{ comment: string }>(
        `SELECT comment FROM system.tables WHERE database = '${DATABASE}' AND name = 'events'`,
      );
      assert.equal(row?.comment, "of today");
    });

    it("stays as it is in a refresh", async () => {
      for (const { declared, id, outs } of recorded) {
        assert.deepEqual(await provider.of(declared.kind).read(id, outs), { id, props: outs });
      }
    });

    it("is told from what somebody has changed since", async () => {
      await connection.command(`ALTER TABLE ${DATABASE}.changed MODIFY COMMENT 'by hand'`);
      await connection.command(`DROP VIEW ${DATABASE}.per_day`);
      for (const { declared, id, outs } of recorded) {
        const { inputs, props } = await provider.of(declared.kind).read(id, outs);
        if (declared.name === "per_day") assert.equal(props, undefined);
        else if (declared.name === "changed")
          assert.match(String((inputs as Stored["inputs"])["statement"]), /COMMENT 'by hand'/);
        else assert.equal(inputs, undefined);
      }
    });

    it("is dropped, but for what holds rows without permission", async () => {
      await connection.command(`INSERT INTO ${DATABASE}.in_sql VALUES (1, [])`);
      const refused: string[] = [];
      for (const { declared, id, outs } of [...recorded].reverse()) {
        if (outs["deletion"] === "drop")
          await connection.command(`INSERT INTO ${DATABASE}.${declared.name} VALUES ('2026-01-01', 1)`);
        await provider
          .of(declared.kind)
          .delete(id, outs)
          .catch((error: Error) => refused.push(error.message.split(".")[1] ?? error.message));
      }
      const left = await connection.query<{ name: string }>(
        `SELECT name FROM system.tables WHERE database = '${DATABASE}'`,
      );
      assert.deepEqual(
        left.map(({ name }) => name),
        ["in_sql"],
        refused.join("\n"),
      );
    });
  });
}
