import { type ChangeOptions, declareOptions } from "../declare/options";
import { isUnknown } from "../declare/unknown";
import { messageOf, SchemaError } from "../errors";
import { kindOf } from "../kinds";
import { declareObject } from "../kinds/object";
import { SqlParseError } from "../sql/errors";
import { parseCreate } from "../sql/parse";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import type { Properties } from "../util/properties";
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
    throw new SchemaError("argument-invalid", 'deletion: expected "refuse" or "drop"');
  }
  const { refused, ...given } = parseArgs(request.statement);
  refuse(refused);
  refuse(lostReferences(given));
  const { options, args } = declareOptions(kindOf(kind).options, given);
  return { spec: specOf(kind, request, args), options };
}

/** The errors that a component found in its own arguments once it knew what they refer to. */
function refuse(problems: unknown): void {
  if (Array.isArray(problems)) throw new SchemaError("argument-invalid", problems.map(String));
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

function specOf(kind: ObjectKind, request: Request, args: Properties): ObjectSpec {
  if ("sql" in args) return specOfSql(kind, args["sql"]);
  if (request.name === "")
    throw new SchemaError("argument-invalid", "name: is empty; expected the name of the object on the server");
  const { scope } = kindOf(kind);
  if (scope === "database" && !request.database)
    throw new SchemaError("argument-invalid", "database: is missing; pass the Database resource, or its name");
  return declareObject(kind, { database: request.database ?? "", name: request.name }, args);
}

function specOfSql(kind: ObjectKind, sql: unknown): ObjectSpec {
  if (typeof sql !== "string")
    throw new SchemaError("statement-invalid", "sql: expected one CREATE statement as a string");
  const spec = parseSql(sql);
  if (spec.kind !== kind)
    throw new SchemaError(
      "statement-invalid",
      `sql: expected a CREATE statement of a ${kindOf(kind).word}, found one of a ${kindOf(spec.kind).word}`,
    );
  kindOf(kind).refuseSql?.(spec);
  return spec;
}

function parseSql(sql: string): ObjectSpec {
  try {
    return parseCreate(sql);
  } catch (error) {
    if (error instanceof SqlParseError)
      throw new SchemaError("statement-invalid", `sql: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseArgs(text: string): Properties {
  try {
    return JSON.parse(text) as Properties;
  } catch (error) {
    throw new SchemaError(
      "internal",
      `statement: expected the arguments this package sends, found something else (${messageOf(error)})`,
    );
  }
}
