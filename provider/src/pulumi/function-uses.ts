import { SchemaError } from "../errors";
import { callersOf, inlinedIn } from "../introspect/function-callers";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import { propertiesOf } from "../util/properties";
import type { Context } from "./context";
import type { Change, Planned } from "./planning";

/** Most names that a line lists. */
const MOST = 20;

/**
 * What a changed function means for the rest of the server, as comment lines for the plan: who computes the new value at once, and which
 * tables and views keep the old expression because nothing in this program changes them.
 *
 * @throws {SchemaError} when it gets another name while something calls it by the old one.
 */
export async function lookAtFunction(context: Context, planned: Planned, { to, options }: Change): Promise<string[]> {
  const { live, plan } = planned;
  if (!("expression" in to) || live === undefined || plan.steps.length === 0) return [];
  const connection = await context.connection();
  const callers = await callersOf(connection, context.live, live.key);
  const labels = callers.map(({ label }) => label);
  if (
    live.key !== keyOf(to) &&
    labels.length > 0 &&
    ![...options.allow, ...context.config.allow].includes("breaks-reader")
  ) {
    throw new SchemaError(
      "breaks-reader",
      `${quotedName(live.key)}: is not renamed to ${quotedName(keyOf(to))}, because ${labels.join(", ")} calls it by its name and would fail. ` +
        'Change these first: declare a second function of the new name. Or set allow: ["breaks-reader"] on the resource',
    );
  }
  const lines = labels.length === 0 ? [] : [`-- compute the new value at once: ${shortened(labels)}`];
  const before = planned.from.spec;
  const holding = "expression" in before ? await inlinedIn(connection, before) : [];
  const declared = await declaredWithCall(context, keyParts(live.key).name ?? "");
  const others = holding.filter((key) => !declared.has(key));
  if (others.length > 0) {
    lines.push(
      `-- keep the old expression, with which they were probably created: ${shortened(others.map(quotedName))}. To bring one to the new ` +
        "expression, declare it in this program with a call of the function, or run its own statement again (CREATE OR REPLACE VIEW, ALTER TABLE … MODIFY COLUMN)",
    );
  }
  return lines;
}

function shortened(names: readonly string[]): string {
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : "";
  return names.slice(0, MOST).join(", ") + more;
}

/** Keys of what the program declares with a call of the function: their own plans have the new expression. */
async function declaredWithCall(context: Context, name: string): Promise<ReadonlySet<string>> {
  const told: unknown = await context.askProgram().catch(() => undefined);
  const all: readonly unknown[] = Array.isArray(told) ? told : [];
  return new Set(
    all.flatMap((one) => {
      const { database, name: own, args } = propertiesOf(one);
      const isCalled = JSON.stringify(args ?? {}).includes(name);
      return isCalled && typeof database === "string" && typeof own === "string" ? [`${database}\0${own}`] : [];
    }),
  );
}
