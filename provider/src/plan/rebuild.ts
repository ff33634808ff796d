import { engineName, holdsRows, isReplicated } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import { qualifiedName } from "../sql/identifiers";
import { renderCreate } from "../sql/render";
import type { TableSpec } from "../sql/spec";
import type { Command } from "./alter";
import { mergeHazards } from "./falls-together";
import { gather, hazard, NEED_ALLOW } from "./hazards";
import type { Hazard, RebuildStep } from "./plan";

/** What is known about a table that has to be rebuilt. */
export interface RebuildRequest {
  readonly from: TableSpec;
  readonly to: TableSpec;
  readonly columns: readonly ColumnChange[];
  readonly reasons: readonly string[];
  /** The commands of a change in place: a copy loses the same values. */
  readonly commands: readonly Command[];
  /** It is done on all hosts of a cluster; default: on one server, which knows nothing of other replicas. */
  readonly onCluster?: boolean;
}

/** The one step that replaces all ALTERs of a table. */
export function planRebuild({ from, to, columns, reasons, commands, onCluster = false }: RebuildRequest): RebuildStep {
  const { engine } = from.storage;
  const renames = columns.filter((change) => change.kind === "column-renamed");
  const inherited = commands.flatMap(({ hazards = [] }) => hazards).flatMap((one) => inherit(one, holdsRows(engine)));
  return Object.freeze({
    kind: "rebuild" as const,
    from: { ...from, database: to.database, name: to.name },
    to,
    reasons,
    renamedColumns: Object.fromEntries(renames.map((rename) => [rename.to, rename.from])),
    holdsRows: holdsRows(engine),
    hazards: gather([...ownHazards(from, to, onCluster), ...mergeHazards(from, to, columns), ...inherited]),
  });
}

/** The one statement that replaces a table without rows. */
export function replaceStatement(to: TableSpec): string {
  return renderCreate(to).replace(/^CREATE TABLE/, "CREATE OR REPLACE TABLE");
}

function ownHazards(from: TableSpec, to: TableSpec, onCluster: boolean): Hazard[] {
  const engines = [from.storage.engine, to.storage.engine];
  if (!holdsRows(engines[0])) {
    const message =
      `a ${engineName(engines[0])} table holds no rows: this one statement replaces it. It cannot hold inserts back: stop its writers ` +
      'while it runs, and set rebuild: "offline" where materialized views read it';
    return [hazard("metadata-only", message)];
  }
  const copies = hazard(
    "copies-rows",
    `all rows of ${qualifiedName(to)} are copied into a new table, which takes its place`,
  );
  const replicated = engines.find(isReplicated);
  if (replicated === undefined || onCluster) return [copies];
  const message = `the rebuild under running inserts is tested on a single server, not for ${engineName(replicated)}`;
  return [copies, hazard("unproven", message)];
}

/** A hazard of a change in place, if a copy has it as well. */
function inherit(one: Hazard, hasRows: boolean): Hazard[] {
  if (one.kind === "breaks-reader") return [one];
  if (!hasRows) return [];
  if (one.probe?.kind === "values") return [{ ...one, probe: { ...one.probe, otherwise: "copies-rows" } }];
  return NEED_ALLOW.has(one.kind) ? [one] : [];
}
