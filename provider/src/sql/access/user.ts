import { type Cursor, isAtEnd, takeName, takeWords } from "../cursor";
import { quoteIdentifier } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { QualifiedName } from "../spec";
import { ANYWHERE, renderHosts, takeHosts } from "./hosts";
import { limitsClause, NO_LIMITS, takeLimits } from "./limits";
import { renderMethods, runnableMethods, takeMethods } from "./methods";
import { renderTo, takeClause, takeTo } from "./names";
import type { ToSpec, UserSpec } from "./spec";

/** Rights may be passed on to everybody. */
const ANYBODY: ToSpec = Object.freeze({ all: true, names: [] });

/** Parses what follows the name of a user. Default roles are left out: they belong to what the user is granted. */
export function parseUser(cursor: Cursor, { name }: QualifiedName): UserSpec {
  let spec: UserSpec = { kind: "user", name, hosts: ANYWHERE, ...NO_LIMITS, grantees: ANYBODY };
  while (!isAtEnd(cursor)) {
    if (takeWords(cursor, "NOT", "IDENTIFIED")) spec = { ...spec, methods: [{ method: "no_password" }] };
    else if (takeWords(cursor, "IDENTIFIED")) spec = { ...spec, methods: takeMethods(cursor) };
    else if (takeWords(cursor, "HOST")) spec = { ...spec, hosts: takeHosts(cursor) };
    else if (takeWords(cursor, "DEFAULT", "DATABASE")) spec = withDatabase(spec, takeName(cursor, "default database"));
    else if (takeWords(cursor, "DEFAULT", "ROLE")) takeClause(cursor);
    else if (takeWords(cursor, "SETTINGS")) spec = { ...spec, ...takeLimits(cursor) };
    else if (takeWords(cursor, "GRANTEES")) spec = { ...spec, grantees: takeGrantees(cursor) };
    else throw failLeftover(cursor, "IDENTIFIED, HOST, DEFAULT DATABASE, SETTINGS or GRANTEES");
  }
  return spec;
}

function withDatabase(spec: UserSpec, database: string): UserSpec {
  return database.toUpperCase() === "NONE" ? spec : { ...spec, defaultDatabase: database };
}

/** As behind TO, with ANY for everybody. */
function takeGrantees(cursor: Cursor): ToSpec {
  if (!takeWords(cursor, "ANY")) return takeTo(cursor);
  if (isAtEnd(cursor)) return ANYBODY;
  takeWords(cursor, "EXCEPT");
  return { all: true, names: takeTo(cursor).names };
}

/** As the server shows it: without a password, a hash or a salt. */
export function renderUser(spec: UserSpec): string {
  return rendered(spec, spec.methods && renderMethods(spec.methods));
}

/** As it is sent, with placeholders for secrets. */
export function runnableUser(spec: UserSpec): string {
  return rendered(spec, spec.methods && runnableMethods(spec.methods));
}

function rendered(spec: UserSpec, methods: string | undefined): string {
  const { name, hosts, defaultDatabase, grantees } = spec;
  return [
    `CREATE USER ${quoteIdentifier(name)}`,
    ...(methods === undefined ? [] : [`IDENTIFIED WITH ${methods}`]),
    ...(hosts === ANYWHERE || hosts[0] === "ANY" ? [] : [`HOST ${renderHosts(hosts)}`]),
    ...(defaultDatabase === undefined ? [] : [`DEFAULT DATABASE ${quoteIdentifier(defaultDatabase)}`]),
  ]
    .join("\n")
    .concat(limitsClause(spec), isAnybody(grantees) ? "" : `\nGRANTEES ${renderGrantees(grantees)}`);
}

function isAnybody({ all, names }: ToSpec): boolean {
  return all && names.length === 0;
}

/** Behind GRANTEES. */
export function renderGrantees(grantees: ToSpec): string {
  return renderTo(grantees).replace(/^ALL/, "ANY");
}
