/**
 * Records what a version stores of a stack: `npx ts-node -T test/pulumi/record-states.ts FILE`, in a checkout of that version, with this file
 * and `states.ts` copied into it. `recorded-states.test.ts` reads, changes, refreshes and deletes it with the code of today.
 */
import { writeFileSync } from "node:fs";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider } from "../support/provider";
import { sharedServer, stopSharedServer } from "../support/server";
import { DATABASE, type Declared, lastDeclared, OBJECTS, type Stored, type StoredState } from "./states";

async function main(file: string): Promise<void> {
  const { url } = await sharedServer();
  const connection = await openConnection({ url });
  let provider = new TestProvider({ "clickhouse:url": url });
  const stored: Stored[] = [];
  const declare = async (one: Declared, olds: object | undefined) => {
    const { inputs = {}, failures } = await provider.check(one.kind, { ...one, ...(olds && { olds: { ...olds } }) });
    if (failures.length > 0) throw new Error(`${one.name}: ${failures.join("\n")}`);
    return inputs;
  };
  for (const one of OBJECTS) {
    const inputs = await declare(one, undefined);
    const { id, outs = {} } = await provider.of(one.kind).create(inputs);
    stored.push({ id, inputs, outs, live: "" });
  }
  await connection.command(
    `INSERT INTO ${DATABASE}.events (id, day, text) SELECT number, '2026-01-01', 'x' FROM numbers(10)`,
  );
  // A second run, which changes some: their inputs have the plan.
  provider = await provider.next();
  failSecond(await provider.context.connection());
  for (const [index, one] of OBJECTS.entries()) {
    const before = stored[index] as Stored;
    const inputs = await declare(lastDeclared(one), before.inputs);
    const { changes } = (await provider.of(one.kind).diff(before.id, before.outs, inputs)) as { changes?: boolean };
    if (changes === false) continue;
    const outcome = await provider
      .of(one.kind)
      .update(before.id, before.outs, inputs)
      .catch((error: { readonly properties?: object }) => {
        if (error.properties === undefined || one.fails !== true) throw error;
        const { __provider: _, ...outs } = error.properties as Record<string, unknown>;
        return { outs };
      });
    stored[index] = { ...before, inputs, outs: outcome.outs ?? {} };
  }
  for (const [index, one] of OBJECTS.entries()) {
    const what = one.kind === "database" ? `DATABASE ${one.name}` : `TABLE ${DATABASE}.${lastDeclared(one).name}`;
    const [row] = await connection.query<{ statement: string }>(`SHOW CREATE ${what}`);
    stored[index] = { ...(stored[index] as Stored), live: row?.statement ?? "" };
  }
  const state: StoredState = { server: connection.version, objects: stored };
  writeFileSync(file, `${JSON.stringify(state, undefined, 2)}\n`);
  await provider.close();
  await connection.close();
  await stopSharedServer();
}

/** The table is renamed, and gets no column. */
function failSecond(connection: Connection): void {
  const command = connection.command.bind(connection);
  connection.command = async (sql, ...rest) => {
    if (/^ALTER TABLE \S+\.failed\s+ADD COLUMN/.test(sql)) throw new Error("The connection was lost");
    return command(sql, ...rest);
  };
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
