import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import { stopMerges } from "../protocol/fence";
import type { Context } from "./context";

/** Drops the views that the operation has made. */
export async function dropViews({ runner, views }: Context): Promise<void> {
  for (const { live } of views) await runner.run(`DROP VIEW IF EXISTS ${qualifiedName(live)} SYNC`);
}

/** Makes the table of a snapshot anew, empty. */
export async function createSnapshot(context: Context, table: TableSpec): Promise<void> {
  await context.drop(table);
  await context.runner.run(renderCreate(table));
  await stopMerges(context.runner, table);
}

/** All rows of a table as they are now, by hard links. */
export async function link(context: Context, from: QualifiedName, snapshot: QualifiedName): Promise<void> {
  await context.truncate(snapshot);
  await context.runner.run(`ALTER TABLE ${qualifiedName(snapshot)} ATTACH PARTITION ALL FROM ${qualifiedName(from)}`);
}

/** Drops the tables that rows were computed in and from. */
export async function dropHelpers(context: Context): Promise<void> {
  const { names, views } = context;
  for (const table of [names.stage, names.rest, ...views.map(({ snapshotName }) => snapshotName)])
    await context.drop(table);
  if (context.isRefill) await context.drop(names.before);
}
