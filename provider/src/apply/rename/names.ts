import { SchemaError } from "../../errors";
import { kindOf } from "../../kinds";
import { qualifiedName, quoteIdentifier } from "../../sql/identifiers";
import type { ObjectKind, QualifiedName } from "../../sql/spec";

/** A database, when that is what is renamed. */
export interface DatabaseName {
  readonly database: string;
}

/** What is renamed: `name` is present for everything but databases. */
export type Renamed = QualifiedName | DatabaseName;

/** Which name changes, and its new value. */
export interface Renaming {
  readonly object: ObjectKind;
  readonly from: Renamed;
  readonly to: Renamed;
}

/** @throws {SchemaError} when the two are not names of the same kind of object, or are equal. */
export function createRenaming(object: ObjectKind, before: Renamed, after: Renamed): Renaming {
  const [from, to] = [plain(before), plain(after)];
  for (const side of [from, to]) {
    const given = "name" in side ? "an object's" : "a database's";
    if ("name" in side === (kindOf(object).scope === "itself"))
      throw new SchemaError(
        "change-unsupported",
        `${qualified(side)} is ${given} name, which a ${object} does not have.`,
      );
  }
  if (qualified(from) === qualified(to))
    throw new SchemaError(
      "change-unsupported",
      `${qualified(from)}: already has the name that it is to be renamed to.`,
    );
  return { object, from, to };
}

/** Only the names: a `name` that is present but undefined counts as missing. */
function plain(name: Renamed): Renamed {
  const { database } = name;
  return "name" in name && name.name !== undefined ? { database, name: name.name } : { database };
}

/** The renaming that undoes another. */
export function reversed({ object, from, to }: Renaming): Renaming {
  return { object, from: to, to: from };
}

/** The new name of an object; undefined if it keeps its name. */
export function renamedTo({ from, to }: Renaming, { database, name }: QualifiedName): QualifiedName | undefined {
  if (database !== from.database) return undefined;
  if (!("name" in from)) return { database: to.database, name };
  return name === from.name && "name" in to ? { database: to.database, name: to.name } : undefined;
}

/** The name of an object after the renaming. */
export function nameAfter(renaming: Renaming, name: QualifiedName): QualifiedName {
  return renamedTo(renaming, name) ?? { database: name.database, name: name.name };
}

/** Quoted, and qualified if it is an object's. */
export function qualified(name: Renamed): string {
  return "name" in name ? qualifiedName(name) : quoteIdentifier(name.database);
}

/** RENAME in spite of dependent definitions, which the engine would otherwise refuse: those are re-pointed afterwards. */
export function renameStatement({ from, to }: Renaming): string {
  const what = "name" in from ? "TABLE" : "DATABASE";
  return `RENAME ${what} ${qualified(from)} TO ${qualified(to)} SETTINGS check_table_dependencies = 0`;
}
