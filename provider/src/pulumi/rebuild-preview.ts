import { previewRebuild } from "../apply/rebuild";
import { SchemaError } from "../errors";
import { renderSize } from "../plan";
import { qualifiedName } from "../sql/identifiers";
import { renderCreate } from "../sql/render";
import type { Context } from "./context";
import type { Change, Planned } from "./planning";

/**
 * What the server says of the rebuilds of a plan before anything is changed, as comment lines for the plan.
 *
 * @throws {SchemaError} when a rebuild would be refused.
 */
export async function lookAtRebuilds(
  context: Context,
  { plan, live, pending }: Planned,
  change: Change,
): Promise<string> {
  const [first] = plan.steps;
  // Behind a rename or an operation that is finished first, the table does not stand as the rebuild will find it.
  if (first?.kind !== "rebuild" || !first.holdsRows || live === undefined || pending !== undefined) return "";
  const { options } = change;
  const found = await previewRebuild(await context.connection(), {
    from: renderCreate(first.from),
    to: renderCreate(first.to),
    mode: options.rebuild,
    renamed: first.renamedColumns,
    allow: [...options.allow, ...context.config.allow],
  });
  if (found.refusals.length > 0) {
    throw new SchemaError(
      `${qualifiedName(first.to)}: cannot be rebuilt now; nothing was done:\n${found.refusals.join("\n")}`,
    );
  }
  const free = found.free === undefined ? "" : `; free on its disks: ${renderSize({ bytes: found.free })}`;
  const gate = found.gated
    ? "inserts are refused (error 469, to be retried) for at most 4 s at a time while the tables are exchanged"
    : "no insert is refused";
  return `-- to copy: ${renderSize(found)}${free}\n-- ${gate}`;
}
