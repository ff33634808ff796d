import { type Ask, sameSyntax } from "../canonical/same-syntax";
import type { ObjectSpec } from "../sql/spec";

/** Fields of a specification that hold expressions or queries; names, types and comments are compared as they are. */
const SYNTAX: ReadonlySet<string> = new Set(
  "query expression body ttl partitionBy primaryKey orderBy sampleBy using".split(" "),
);

/**
 * The live object in the words of the declaration, wherever both have the same syntax: servers before 26.x print functions as operators
 * (`plus(a, b)` as `a + b`), the embedded engine as written. Two statements on the embedded engine for each expression that is spelled
 * differently; none where other words differ too.
 */
export async function spelledAs(ask: Ask, live: ObjectSpec, declared: ObjectSpec): Promise<ObjectSpec> {
  return (await respell(ask, live, declared, "")) as ObjectSpec;
}

async function respell(ask: Ask, live: unknown, declared: unknown, field: string): Promise<unknown> {
  if (typeof live === "string" && typeof declared === "string") {
    if (live === declared || !SYNTAX.has(field)) return live;
    return (await sameSyntax(ask, asQuery(live), asQuery(declared))) ? declared : live;
  }
  if (Array.isArray(live) && Array.isArray(declared)) {
    const spelled: unknown[] = [];
    for (const [index, one] of live.entries()) {
      const other = declared.find((candidate) => isNamed(candidate) && isNamed(one) && candidate.name === one.name);
      spelled.push(await respell(ask, one, other ?? declared[index], field));
    }
    return spelled;
  }
  if (isRecord(live) && isRecord(declared)) {
    const spelled: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(live)) spelled[key] = await respell(ask, value, declared[key], key);
    return spelled;
  }
  return live;
}

/** An expression is parsed as the column of a query. */
function asQuery(text: string): string {
  return /^\s*\(*\s*(?:SELECT|WITH|FROM|EXPLAIN)\b/i.test(text) ? text : `SELECT ${text}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isNamed(value: unknown): value is { readonly name: string } {
  return isRecord(value) && typeof value["name"] === "string";
}
