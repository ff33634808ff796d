import { withoutOuterBrackets } from "../sql/fragments";
import { defaultGranularity } from "../sql/granularity";
import type { ColumnSpec, DatabaseSpec, ObjectSpec, OwnedSpec, SecuritySpec, SettingSpec } from "../sql/spec";
import { sameDatabaseEngine, sameTableEngine, withTextArguments } from "./engine-arguments";
import { withoutNested } from "./nested";
import { plainFunction, plainPolicy } from "./spare-brackets";
import { isStored, type Stored } from "./stand-in";

type View = Extract<ObjectSpec, { readonly query: string }>;
type TableLike = OwnedSpec;
type Columned = Extract<ObjectSpec, { readonly columns: readonly ColumnSpec[] }>;

/** Leaves out what the engine adds from its own environment: if the user did not declare it, it is not part of the declaration. */
export function dropServerDefaults(shown: ObjectSpec, declared: ObjectSpec): ObjectSpec {
  if (isDatabase(shown)) return isDatabase(declared) ? withDatabaseEngine(shown, declared) : shown;
  if (!("database" in shown)) return shown;
  const plain = withEngine(shown, declared);
  return "query" in plain && "query" in declared ? withSecurity(plain, declared.security) : plain;
}

/** Whether it is a database: nothing else that has settings is in none. */
function isDatabase(spec: ObjectSpec): spec is DatabaseSpec {
  return spec.kind === "database";
}

function withDatabaseEngine(shown: DatabaseSpec, declared: DatabaseSpec): DatabaseSpec {
  const { engine, ...rest } = shown;
  if (declared.engine === undefined) return rest;
  return engine !== undefined && sameDatabaseEngine(engine, declared.engine)
    ? { ...shown, engine: declared.engine }
    : shown;
}

/** Uses the declared spelling of an engine that means the same, whichever arguments the server has written out. */
function withEngine(shown: TableLike, declared: ObjectSpec): TableLike {
  if (!isStored(shown) || !isStored(declared) || shown.storage === undefined) return shown;
  const engine = declared.storage?.engine;
  if (engine === undefined || !sameTableEngine(shown.storage.engine, engine)) return shown;
  return { ...shown, storage: { ...shown.storage, engine } };
}

/** If not declared, the server decides whose privileges a view uses, and which user a bare `DEFINER` means. */
function withSecurity(shown: View, declared: SecuritySpec | undefined): View {
  const { security, ...rest } = shown;
  const wanted = canonicalSecurity(declared);
  if (wanted === undefined || security === undefined) return wanted === undefined ? rest : shown;
  const { definer: _, ...withoutUser } = security;
  return { ...rest, security: wanted.definer === undefined ? withoutUser : security };
}

/** A security clause as the engine shows it, except for users: those are the server's, and the embedded engine has none of them. */
export function canonicalSecurity(security: SecuritySpec | undefined): SecuritySpec | undefined {
  if (security === undefined) return undefined;
  const { definer, sqlSecurity = "DEFINER" } = security;
  const isCurrent = definer === undefined || /^CURRENT_USER$/i.test(definer);
  return isCurrent ? { sqlSecurity } : { definer, sqlSecurity };
}

/**
 * If the engine keeps several spellings, the one without parentheses (`ORDER BY (a)` is `ORDER BY a`), with a number (a setting of
 * `true` is one of `1`), written out (the granularity of a view's index is 1), and a type that every session reads alike (a column
 * shown as `Nested` is one array of tuples, because it was created without `flatten_nested`); and without the columns of an Alias,
 * which the engine shows but refuses.
 */
export function normalizeShown(given: ObjectSpec): ObjectSpec {
  if ("expression" in given) return plainFunction(given);
  if (given.kind === "rowPolicy") return plainPolicy(given);
  if (!isStored(given) || given.storage === undefined) return "columns" in given ? withPlainTypes(given) : given;
  const shown = withoutQuirks(withPlainTypes(given));
  if (shown.storage === undefined) return shown;
  const { orderBy, primaryKey, partitionBy, sampleBy } = shown.storage;
  const keys = Object.entries({ orderBy, primaryKey, partitionBy, sampleBy }).flatMap(([clause, text]) => {
    return text === undefined ? [] : [[clause, withoutOuterBrackets(text)]];
  });
  const plain = { ...shown.storage, ...Object.fromEntries(keys), settings: shown.storage.settings.map(withNumber) };
  if (plain.primaryKey === undefined || plain.primaryKey !== plain.orderBy) return { ...shown, storage: plain };
  // The primary key defaults to the sorting key.
  const { primaryKey: _, ...rest } = plain;
  return { ...shown, storage: rest };
}

function withPlainTypes<Spec extends Columned>(given: Spec): Spec {
  const columns = given.columns.map((column) =>
    column.type === undefined ? column : { ...column, type: withoutNested(column.type) },
  );
  return { ...given, columns };
}

function withoutQuirks(shown: Stored): Stored {
  if (shown.kind === "materializedView")
    return {
      ...shown,
      indexes: shown.indexes.map((index) => ({
        ...index,
        granularity: index.granularity ?? defaultGranularity(index.type),
      })),
    };
  const { engine = "" } = shown.storage;
  if (/^Alias\b/.test(engine)) return { ...shown, columns: [] };
  const spelled = withTextArguments(engine);
  return spelled === engine ? shown : { ...shown, storage: { ...shown.storage, engine: spelled } };
}

const NUMBERS: ReadonlyMap<string, string> = new Map([
  ["true", "1"],
  ["false", "0"],
]);

function withNumber({ name, value }: SettingSpec): SettingSpec {
  return { name, value: NUMBERS.get(value.toLowerCase()) ?? value.replace(/^(-?\d+)\.$/, "$1") };
}
