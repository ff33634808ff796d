import { isQuery } from "../canonical/outside";
import { declareDatabase } from "../declare/database";
import { declareMaterializedView } from "../declare/materialized-view";
import { type ChangeOptions, declareOptions } from "../declare/options";
import { declareTable } from "../declare/table";
import { isUnknown } from "../declare/unknown";
import { declareView } from "../declare/view";
import { messageOf, SchemaError } from "../errors";
import { SqlParseError } from "../sql/errors";
import { parseCreate } from "../sql/parse";
import type { ObjectKind, ObjectSpec, TableSpec } from "../sql/spec";
import type { Request } from "./state";

/** An object, and how it may change. */
export interface Declaration {
  readonly spec: ObjectSpec;
  readonly options: ChangeOptions;
}

/**
 * The declaration in a request, from structured arguments or plain SQL.
 *
 * @throws {SchemaError} naming every wrong argument.
 */
export function declarationOf(kind: ObjectKind, request: Request): Declaration {
  if (
    request.deletion !== undefined &&
    !["refuse", "drop"].includes(request.deletion) &&
    !isUnknown(request.deletion)
  ) {
    throw new SchemaError('deletion: expected "refuse" or "drop"');
  }
  const { refused, ...given } = parseArgs(request.statement);
  refuse(refused);
  refuse(lostReferences(given));
  const { options, args } = declareOptions(kind, given);
  return { spec: specOf(kind, request, args), options };
}

/** The errors that a component found in its own arguments once it knew what they refer to. */
function refuse(problems: unknown): void {
  if (Array.isArray(problems)) throw new SchemaError(problems.map(String));
}

/** What a resource or an Output turns into in a plain template string. */
const LOST = /\[object Object\]|Calling \[(?:toString|toJSON)\] on an \[Output<T>\]/;

/** Arguments in which a template string has turned a resource into text. */
function lostReferences(value: unknown, path = ""): string[] | undefined {
  const found = lostAt(value, path);
  return found.length === 0 ? undefined : found;
}

function lostAt(value: unknown, path: string): string[] {
  if (typeof value === "string") {
    if (!LOST.test(value)) return [];
    return [
      `${path}: a resource or an Output was put into a plain string. Write it as sql\`…\`, with the resource in \${}, or pass \`qualifiedName\` through pulumi.interpolate`,
    ];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => lostAt(one, path === "" ? key : `${path}.${key}`));
}

function specOf(kind: ObjectKind, request: Request, args: Readonly<Record<string, unknown>>): ObjectSpec {
  if ("sql" in args) return specOfSql(kind, args["sql"]);
  if (request.name === "") throw new SchemaError("name: is empty; expected the name of the object on the server");
  if (kind === "database") return declareDatabase(request.name, args);
  if (!request.database) throw new SchemaError("database: is missing; pass the Database resource, or its name");
  const name = { database: request.database, name: request.name };
  if (kind === "table") return declareTable(name, args);
  return kind === "view" ? declareView(name, args) : declareMaterializedView(name, args);
}

function specOfSql(kind: ObjectKind, sql: unknown): ObjectSpec {
  if (typeof sql !== "string") throw new SchemaError("sql: expected one CREATE statement as a text");
  const spec = parseSql(sql);
  if (spec.kind !== kind)
    throw new SchemaError(
      `sql: expected a CREATE statement of a ${KIND_WORDS[kind]}, found one of a ${KIND_WORDS[spec.kind]}`,
    );
  if (spec.kind === "materializedView" && spec.populate === true) {
    throw new SchemaError(
      "sql: POPULATE loses the rows that are inserted while it runs. Create the view without it and fill it by an INSERT … SELECT",
    );
  }
  if (spec.kind === "table") refuseFilled(spec);
  return spec;
}

/** Rows that a CREATE inserts are not part of a definition: nothing would insert them again, or compare them. */
function refuseFilled({ as }: TableSpec): void {
  if (as === undefined || as.empty || !(as.clone || isQuery(as.text))) return;
  if (as.clone) {
    throw new SchemaError(
      `sql: CLONE AS copies rows once, when the table is created, which a definition cannot say. Write AS ${as.text}, and copy the rows by ` +
        "an INSERT … SELECT",
    );
  }
  throw new SchemaError(
    "sql: AS SELECT fills the table once, when it is created, which a definition cannot say. Write EMPTY AS SELECT, and fill it by an " +
      "INSERT … SELECT; for rows that keep coming, declare a materialized view",
  );
}

function parseSql(sql: string): ObjectSpec {
  try {
    return parseCreate(sql);
  } catch (error) {
    if (error instanceof SqlParseError) throw new SchemaError(`sql: ${error.message}`, { cause: error });
    throw error;
  }
}

const KIND_WORDS: Record<ObjectKind, string> = {
  database: "database",
  table: "table",
  view: "view",
  materializedView: "materialized view",
};

function parseArgs(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new SchemaError(
      `statement: expected the arguments this package sends, found something else (${messageOf(error)})`,
    );
  }
}
