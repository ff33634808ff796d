import { byHand } from "../support";
import { type ChangeRow, IN_PLACE, PROTOCOLS, REBUILDS } from "./rows";

/** What is declared together. */
export const GROUPS: Readonly<Record<string, readonly ChangeRow[]>> = {
  "changes in place": IN_PLACE,
  "tables recreated": REBUILDS,
  "renames and views of another kind": PROTOCOLS,
};

/** Before or after a change. */
export type Side = "before" | "after";

/** Declares the database and the rows, each on its side. */
export function programOf(rows: readonly (readonly [row: ChangeRow, side: Side])[], comment: string): string {
  const database = `const db = new clickhouse.Database("e", { comment: ${JSON.stringify(comment)} });\n`;
  return database + rows.map(([row, side]) => `{\n${row[side]}\n}`).join("\n");
}

/** What `pulumi preview --json` prints, as far as it is looked at. */
export interface Preview {
  readonly steps: readonly { op: string; urn: string; newState?: { inputs?: Record<string, unknown> } }[];
}

/** What will run, by the name of the resource. */
export function plansOf({ steps }: Preview): Record<string, string> {
  return Object.fromEntries(
    steps.map(({ urn, newState }) => [urn.split("::").at(-1) ?? "", String(newState?.inputs?.["plan"] ?? "")]),
  );
}

/** The answer to each query as `value,value;value`. */
export function answers(url: string, queries: readonly string[]): Promise<Record<string, string>> {
  return byHand(url, async (connection) => {
    const found: Record<string, string> = {};
    for (const query of queries) {
      const rows = await connection.query(query);
      found[query] = rows.map((row) => Object.values(row).join()).join(";");
    }
    return found;
  });
}
