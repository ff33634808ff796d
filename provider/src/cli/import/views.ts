import { withoutNested } from "../../canonical/nested";
import type { ScratchEngine } from "../../canonical/scratch-engine";
import { ConnectionError, ServerError } from "../../connection/errors";
import { SchemaError } from "../../errors";
import type { Drafts } from "../../generate";
import { lex } from "../../sql/lexer";
import { keyOf } from "../../sql/object-key";
import type { ColumnSpec, ObjectSpec } from "../../sql/spec";

/** What the engine says about the views of a program. */
export interface ComparedViews {
  /** Views whose column list differs, or may differ, from what their query gives, by key. */
  readonly listed: ReadonlySet<string>;
  /** Those of them that could not be compared, with the engine's words, by key. */
  readonly unknown: ReadonlyMap<string, string>;
  /** Why no view was compared, if no embedded engine is available. */
  readonly unavailable?: string;
}

/**
 * Compares the columns of views with what the engine makes of their queries: only a list that was written manually, or that a later
 * ALTER of the source left behind, is worth declaring. Costs one statement on the embedded engine for each view and each of its
 * sources, and a few more where the columns differ.
 */
export async function compareViews(scratch: ScratchEngine, drafts: Drafts): Promise<ComparedViews> {
  const listed = new Set<string>();
  const unknown = new Map<string, string>();
  const views = [...drafts.values()].filter(
    ({ live, args }) =>
      "query" in live && live.columns.length > 0 && args["sql"] === undefined && args["columns"] === undefined,
  );
  for (const { key, live, declared } of views) {
    try {
      if (await isOfQuery(scratch, live)) continue;
      if (columnsOf(await canonicalize(scratch, declared)) !== columnsOf(live)) listed.add(key);
    } catch (error) {
      if (error instanceof ConnectionError)
        return { listed: new Set(views.map((view) => view.key)), unknown, unavailable: error.message };
      if (!(error instanceof ServerError || error instanceof SchemaError)) throw error;
      // What it reads may also be gone from the server: then only the list says what its columns are.
      unknown.set(key, error.message);
      listed.add(key);
    }
  }
  return { listed, unknown };
}

/** Whether the query gives exactly the view's columns. If it does not, a view of it still may: its columns are derived differently. */
async function isOfQuery(scratch: ScratchEngine, live: ObjectSpec): Promise<boolean> {
  if (!("query" in live)) return false;
  try {
    return columnsText(await scratch.resultOf(live.query)) === columnsText(live.columns);
  } catch (error) {
    if (error instanceof ServerError) return false;
    throw error;
  }
}

async function canonicalize(scratch: ScratchEngine, declared: ObjectSpec): Promise<ObjectSpec> {
  const { definition } = await scratch.canonicalize(declared);
  scratch.declare(keyOf(declared), definition);
  return definition.spec;
}

function columnsOf(spec: ObjectSpec): string {
  return columnsText("columns" in spec ? spec.columns : []);
}

/** Types may be on one line or on several. */
function columnsText(columns: readonly Pick<ColumnSpec, "name" | "type">[]): string {
  const words = (text: string): string =>
    lex(text)
      .map((token) => token.text)
      .join(" ");
  return columns.map(({ name, type = "" }) => `${name}\0${words(withoutNested(type))}`).join("\n");
}
