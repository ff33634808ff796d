import type { Lattice } from "../sql/rights/lattice";
import type { GrantLine } from "../sql/rights/parse";
import { inOrder, type Rule, type Verb } from "../sql/rights/points";
import type { Region } from "../sql/rights/region";
import { resolve } from "../sql/rights/resolve";

/** A row of `system.grants`; which columns there are depends on the server. */
export interface GrantRow {
  readonly user_name: string | null;
  readonly role_name: string | null;
  readonly access_type: string;
  readonly access_object?: string | null;
  readonly database: string | null;
  readonly table: string | null;
  readonly column: string | null;
  readonly is_partial_revoke: number;
  readonly grant_option: number;
  /** Absent before 26: then the rows do not tell a prefix from a name. */
  readonly is_wildcard?: number;
}

/**
 * What a grantee may do, by its rows and, where these do not tell a prefix from a name, by its lines of SHOW GRANTS. There, sources are shown wider
 * than they are: READ as READ and WRITE, one as all.
 */
export function rulesRead(
  lattice: Lattice,
  rows: readonly GrantRow[],
  lines: readonly GrantLine[] | undefined,
): Rule[] {
  const structured = rulesOfRows(lattice, rows);
  if (lines === undefined) return structured;
  return inOrder([...rulesOfLines(lattice, lines), ...onSources(lattice, structured, true)]);
}

/** Lines of SHOW GRANTS, without sources where the server tells reading from writing. */
function rulesOfLines(lattice: Lattice, lines: readonly GrantLine[]): Rule[] {
  const rules = lines.flatMap((line) => {
    if (line.kind === "roles") return [];
    const verb = verbOf(line.revoked, line.option);
    return line.phrases.flatMap((phrase) => {
      const found = resolve(lattice, phrase, verb);
      return typeof found === "string" ? [] : found;
    });
  });
  return inOrder(onSources(lattice, rules, false));
}

/** What rules say of sources, or of all else. */
function onSources(lattice: Lattice, rules: readonly Rule[], wanted: boolean): Rule[] {
  const isWanted = (leaf: string): boolean => (lattice.reachOf(leaf).level === "SOURCE") === wanted;
  return rules
    .map((rule) => ({ ...rule, leaves: new Set([...rule.leaves].filter(isWanted)) }))
    .filter(({ leaves }) => leaves.size > 0);
}

function rulesOfRows(lattice: Lattice, rows: readonly GrantRow[]): Rule[] {
  return inOrder(
    rows.map((row): Rule => {
      const verb = verbOf(Number(row.is_partial_revoke) === 1, Number(row.grant_option) === 1);
      return { verb, leaves: new Set(lattice.leavesOf(row.access_type)), region: regionOfRow(lattice, row) };
    }),
  );
}

function regionOfRow(lattice: Lattice, row: GrantRow): Region {
  const open = Number(row.is_wildcard ?? 0) === 1;
  const { on } = lattice.reachOf(lattice.leavesOf(row.access_type)[0] ?? row.access_type);
  const isObject = on === "object";
  const given = isObject ? [row.access_object || null] : [row.database, row.table, row.column];
  const names = given.filter((one): one is string => one !== null && one !== undefined);
  return {
    parts: names.map((text, index) => ({ text, open: open && index === names.length - 1 })),
    isObject: isObject && names.length > 0,
  };
}

function verbOf(revoked: boolean, option: boolean): Verb {
  if (revoked) return option ? "revoke-option" : "revoke";
  return option ? "grant-with-option" : "grant";
}
