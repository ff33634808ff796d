import { readDatabase, readTable, uuidOf } from "../../clickhouse/catalog";
import { isReplicated } from "../../clickhouse/engines";
import { SchemaError } from "../../errors";
import { type ActiveOperation, findConflict, listActive } from "../../operation/conflicts";
import type { Problems } from "../../operation/problems";
import { refuseDatabaseEngine, refuseReplicated, unfinished } from "../../operation/refusals";
import type { Runner } from "../../operation/runner";
import { keyParts } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import type { ObjectKind } from "../../sql/spec";
import type { LiveText, Reach } from "./dependents";
import { qualified, type Renamed, type Renaming, renamedTo } from "./names";
import { refusePolicies } from "./policies";
import { whyNot } from "./repoint";

/** Identifies the object with a name: its UUID; undefined when there is none. */
export async function identityOf(runner: Runner, name: Renamed): Promise<string | undefined> {
  return "name" in name ? uuidOf(runner, name) : (await readDatabase(runner, name.database))?.uuid;
}

/**
 * Finds what of names and engines makes the rename impossible.
 *
 * @throws {SchemaError} when there is nothing to rename, or no name to give it.
 */
export async function refuseNames(
  runner: Runner,
  problems: Problems,
  renaming: Renaming,
  allow: readonly string[],
): Promise<void> {
  const { object, from, to } = renaming;
  if ((await identityOf(runner, from)) === undefined) {
    throw new SchemaError(
      "object-missing",
      `${qualified(from)}: does not exist, so it cannot be renamed to ${qualified(to)}.`,
    );
  }
  if ((await identityOf(runner, to)) !== undefined) {
    throw new SchemaError(
      "name-taken",
      `${qualified(from)}: not renamed, because ${qualified(to)} already exists. Rename or drop that first.`,
    );
  }
  const databases = "name" in from ? [from, to] : [from];
  for (const { database } of databases) await problems.of(() => refuseDatabase(runner, database, renaming, allow));
  if ("name" in from) await problems.of(() => refuseObject(runner, renaming, object, allow));
  await problems.of(() => refusePolicies(runner, renaming));
}

async function refuseDatabase(
  runner: Runner,
  database: string,
  { from }: Renaming,
  allow: readonly string[],
): Promise<void> {
  if ((await readDatabase(runner, database)) === undefined) {
    throw new SchemaError(
      "object-missing",
      `${qualified(from)}: not moved, because database ${database} does not exist. Create it first.`,
    );
  }
  await refuseDatabaseEngine(runner, qualified(from), database, "renaming", allow);
}

const KINDS: Readonly<Record<string, ObjectKind>> = {
  View: "view",
  MaterializedView: "materializedView",
  Dictionary: "dictionary",
};

async function refuseObject(
  runner: Runner,
  { from, to }: Renaming,
  object: ObjectKind,
  allow: readonly string[],
): Promise<void> {
  if (!("name" in from)) return;
  const { engine = "", statement = "" } = (await readTable(runner, from)) ?? {};
  const kind = KINDS[engine] ?? "table";
  if (kind !== object) {
    throw new SchemaError("change-unsupported", `${qualified(from)}: is a ${kind} on the server, not a ${object}.`);
  }
  refuseReplicated(qualified(from), "it", engine, allow);
  if (kind !== "materializedView" || from.database === to.database) return;
  const spec = parseCreate(statement);
  if (spec.kind === "materializedView" && spec.to === undefined) {
    throw new SchemaError(
      "change-unsupported",
      `${qualified(from)}: keeps its rows in an inner table, and the engine cannot move such a view to another database. ` +
        "Declare a target table for it (`to`) and apply that first.",
    );
  }
}

/** @throws {SchemaError} while an operation is unfinished on the renamed object, on what names it, or on what feeds or follows either. */
export async function refuseUnfinished(
  runner: Runner,
  { from }: Renaming,
  { dependents, incremental }: Pick<Reach, "dependents" | "incremental">,
): Promise<void> {
  const names = [...("name" in from ? [from] : []), ...dependents, ...incremental];
  const other =
    (await findConflict(runner, names, { toViews: true })) ??
    // The operation's journal would move away while it runs, and its helpers have no other place.
    ("name" in from ? undefined : (await listActive(runner)).find((one) => isIn(one, from.database)));
  if (other !== undefined) throw unfinished(qualified(from), other);
}

function isIn({ changes, database: journal, targets }: ActiveOperation, database: string): boolean {
  return journal === database || [...changes, ...targets].some((key) => keyParts(key).database === database);
}

/** @throws {SchemaError} with all dependents that cannot be re-pointed. */
export function refuseReach(
  reach: Reach,
  texts: readonly LiveText[],
  renaming: Renaming,
  allow: readonly string[],
): void {
  const reasons = [...reach.refused, ...reach.dependents.flatMap((dependent) => whyNot(dependent) ?? [])];
  if (reasons.length > 0) {
    throw new SchemaError(
      "reader-not-updatable",
      [
        `${qualified(renaming.from)}: not renamed, because these refer to it and cannot be updated to the new name. Nothing was changed.`,
        ...reasons.map((reason) => `- ${reason}`),
        "Drop each of these, or declare it without the old name, and run again; create it again with the new name afterwards.",
      ].join("\n"),
    );
  }
  const shared = texts.find(({ engine, ...name }) => isReplicated(engine) && renamedTo(renaming, name));
  if (shared !== undefined) refuseReplicated(qualified(renaming.from), qualified(shared), shared.engine, allow);
}
