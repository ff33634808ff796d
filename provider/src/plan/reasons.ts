import { type Ability, abilityOf, engineName } from "../clickhouse/engines";
import type { ColumnChange, StorageChange } from "../diff/changes";
import type { TableSpec } from "../sql/spec";
import { engineColumns } from "./engine-columns";
import { isKeySafe } from "./retype";
import type { Sorted } from "./table";

/** Why a table cannot change in place, as far as it depends on columns and engine. */
export function rebuildReasons({ columns, elements, storage, engine }: Sorted, to: TableSpec): string[] {
  const name = engine?.from ?? to.storage.engine;
  const reasons = engine ? [`engine ${engine.from ?? "(default)"} → ${engine.to ?? "(default)"}`] : [];
  const ability = abilityOf(name);
  for (const change of columns) reasons.push(...keyReason(change), ...engineReason(change, name));
  if (ability === "all") return reasons;
  const refused = [
    ...columns.filter((change) => !takesColumn(ability, change)).map(({ kind }) => VERBS[kind]),
    ...elements.map(({ kind }) => `change of a ${kind}`),
    ...storage.filter((change) => !takesStorage(ability, change)).map(({ kind }) => `change of ${kind}`),
  ];
  return [...reasons, ...[...new Set(refused)].map((what) => `${engineName(name)} takes no ${what}`)];
}

const VERBS: Readonly<Record<ColumnChange["kind"], string>> = {
  "column-added": "ADD COLUMN",
  "column-dropped": "DROP COLUMN",
  "column-renamed": "RENAME COLUMN",
  "column-retyped": "MODIFY COLUMN",
  "column-moved": "MODIFY COLUMN",
  "column-default": "MODIFY COLUMN",
  "column-codec": "MODIFY COLUMN",
  "column-ttl": "column TTL",
  "column-comment": "COMMENT COLUMN",
  "column-statistics": "statistics",
  "column-settings": "column settings",
};

function keyReason(change: ColumnChange): string[] {
  switch (change.kind) {
    case "column-dropped":
      return change.inKey ? [`column ${change.column.name} is part of a key and goes`] : [];
    case "column-renamed":
      return change.inKey ? [`column ${change.from} is part of a key and becomes ${change.to}`] : [];
    case "column-retyped":
      return change.inKey && !isKeySafe(change.from, change.to)
        ? [`key column ${change.name} ${change.from} → ${change.to}`]
        : [];
    case "column-default":
      // A key only contains stored columns.
      return [];
    case "column-added":
    case "column-moved":
    case "column-codec":
    case "column-ttl":
    case "column-comment":
    case "column-statistics":
    case "column-settings":
      return [];
    default:
      return unreachable(change);
  }
}

/** Columns that the engine itself uses: sign, version, sums. */
function engineReason(change: ColumnChange, engine: string | undefined): string[] {
  const own = engineColumns(engine);
  if (change.kind === "column-dropped" && own.has(change.column.name)) {
    return [`${engine} needs column ${change.column.name}`];
  }
  if (change.kind === "column-renamed" && own.has(change.from)) return [`${engine} needs column ${change.from}`];
  const isSign = engineName(engine).includes("Collapsing");
  return isSign && change.kind === "column-retyped" && own.has(change.name)
    ? [`${engine} fixes the type of ${change.name}`]
    : [];
}

const MERGETREE_ONLY: ReadonlySet<ColumnChange["kind"]> = new Set([
  "column-renamed",
  "column-ttl",
  "column-statistics",
  "column-settings",
]);

function takesColumn(ability: Ability, change: ColumnChange): boolean {
  if (change.kind === "column-comment") return true;
  return ability !== "comments" && !MERGETREE_ONLY.has(change.kind);
}

function takesStorage(ability: Ability, change: StorageChange): boolean {
  return ability === "memory" && change.kind === "setting" && change.to !== undefined;
}

function unreachable(change: never): never {
  throw new Error(`No plan for ${JSON.stringify(change)}`);
}
