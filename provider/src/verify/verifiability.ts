import { holdsRows, isMergeTreeFamily } from "../clickhouse/engines";
import { engineOf } from "../clickhouse/merge-tree";
import { mergeDependence, rolesOf } from "../lint/merging";
import { lex } from "../sql/lexer";
import { callsIn, parseQuery, type Select } from "../sql/query";
import { parseType } from "../sql/query/types";
import type { TableSpec } from "../sql/spec";
import { onlySelect } from "./rewrite";
import type { Feed, Subject } from "./subject";

/** Obstacles to a comparison. */
export interface Verifiability {
  /** Set when nothing can be compared. */
  readonly reason?: string;
  /** Why views may legitimately have written something other than what their SELECT returns over all rows. */
  readonly inexact: readonly string[];
  /** Whether the same rows may compare as equal now and as different once a source has merged. */
  readonly changesWithMerges: boolean;
}

/** Functions that return something else on each call, or depend on how rows are split into blocks. */
const NON_DETERMINISTIC =
  /^(?:now\w*|today|yesterday|current_?(?:timestamp|date)|localtime\w*|utc_?timestamp|rand\w*|generate(?:uuid|ulid|snowflake)\w*|fuzz\w+|rownumberin\w*block\w*|blocknumber|blocksize|blockserializedsize|running\w+|neighbor|hostname|fqdn|uptime|currentuser|queryid|initialqueryid|connectionid|serveruuid|arrayshuffle|arraypartialshuffle|arrayrandomsample|(?:lag|lead)inframe)$/i;
const LOOKS_UP = /^(?:dict(?:Get|Has|IsIn)\w*|joinGet\w*)$/i;
/** Where a row is stored, which changes with every merge. */
const VIRTUAL =
  /^_(?:part|part_index|part_uuid|part_offset|partition_id|partition_value|block_number|block_offset|sample_factor)$/;
const LOCAL = /^(?:Memory|Log|TinyLog|StripeLog)$/;
/** Known reasons against comparing a target with its views. */
export function assessVerifiability(subject: Subject): Verifiability {
  const inexact: string[] = [];
  let changesWithMerges = false;
  const reason = targetReason(subject);
  if (reason !== undefined) return { reason, inexact, changesWithMerges };
  for (const feed of subject.feeds) {
    const name = `${feed.view.database}.${feed.view.name}`;
    const found = feedReason(feed);
    if (found !== undefined)
      return { reason: subject.feeds.length > 1 ? `${name}: ${found}` : found, inexact, changesWithMerges };
    const merges = sourceDoubts(feed);
    changesWithMerges ||= merges.length > 0;
    const doubts = [...queryDoubts(feed.view.query), ...merges];
    inexact.push(...doubts.map((doubt) => (subject.feeds.length > 1 ? `${name}: ${doubt}` : doubt)));
  }
  return { inexact, changesWithMerges };
}

function targetReason({ spec, feeds }: Subject): string | undefined {
  const refreshable = feeds.filter(({ view }) => view.refresh !== undefined);
  if (refreshable.length === feeds.length) return "refreshable: recomputed on its schedule, not fed by inserts";
  if (refreshable.length > 0) return "a refreshable view writes to the target too";
  if (spec === undefined) return "its target is not there, or is no table";
  const { base } = engineOf(spec.storage);
  if (/^(?:Aggregating|Summing|Replacing)MergeTree$/.test(base)) return undefined;
  if (base !== "MergeTree") return `nothing is known of how ${base} makes one row of many`;
  const holdsStates = spec.columns.some(({ type }) => /AggregateFunction\(/.test(type ?? ""));
  return holdsStates ? undefined : "its target is a MergeTree without states, which keeps rows as they were inserted";
}

function feedReason({ view, source }: Feed): string | undefined {
  if (source === undefined) return "reads no table";
  if (!holdsRows(source.engine)) return `reads ${source.name} (${source.engine}), which keeps no rows to compare with`;
  if (!isMergeTreeFamily(source.engine) && !LOCAL.test(source.engine))
    return `reads ${source.name} (${source.engine}), whose rows are not this server's own`;
  for (const token of lex(view.query)) {
    if (token.kind !== "word") continue;
    if (VIRTUAL.test(token.text)) return `reads ${token.text}, which changes with every merge`;
  }
  for (const name of calledIn(view.query)) {
    if (NON_DETERMINISTIC.test(name)) return `calls ${name}(), which gives something else when it is asked again`;
  }
  const select = onlySelect(view.query);
  if (select === undefined) return undefined;
  if (select.limits.length > 0) return "has a LIMIT, which counts within one insert";
  if (select.having !== undefined) return "has HAVING, which sees one insert at a time";
  const windows = select.items.some(({ expression }) => callsIn(expression).some(({ window }) => window));
  return windows ? "has window functions, which see one insert at a time" : undefined;
}

function queryDoubts(query: string): string[] {
  const doubts: string[] = [];
  const select = onlySelect(query);
  if (select === undefined)
    doubts.push(
      parseQuery(query) === undefined ? "its query could not be read" : "has UNION, of which an insert runs a part",
    );
  const joins = (select?.from ?? []).slice(1);
  if (joins.length > 0) doubts.push(`joins ${joins.map(tableOf).join(", ")}, as it was at each insert`);
  if (select?.from[0]?.final) doubts.push("reads FINAL");
  if (select?.from[0]?.query !== undefined) doubts.push("reads a subquery, which sees one insert at a time");
  const tokens = lex(query).filter(({ kind }) => kind === "word");
  const selects = tokens.filter(({ text }) => /^SELECT$/i.test(text)).length;
  if (select !== undefined && joins.length === 0 && select.from[0]?.query === undefined && selects > 1)
    doubts.push("has a subquery, which gave what was there at each insert");
  const lookup = calledIn(query).find((name) => LOOKS_UP.test(name));
  if (lookup !== undefined) doubts.push(`calls ${lookup}(), which gave what was there at each insert`);
  if (select?.distinct) doubts.push("has DISTINCT, which sees one insert at a time");
  return doubts;
}

/** A source that collapses rows forgets some that a view has seen, unless the view itself only merges. */
function sourceDoubts({ view, source }: Feed): string[] {
  const base = source?.spec === undefined ? "" : engineOf(source.spec.storage).base;
  if (source?.spec === undefined || base === "MergeTree" || !isMergeTreeFamily(base)) return [];
  const what = `${source.name} (${base})`;
  if (base !== "AggregatingMergeTree" && base !== "SummingMergeTree")
    return [`${what}: the view has seen rows that merges have taken away`];
  const select = onlySelect(view.query);
  const found = select === undefined ? undefined : mergeDependent(select, source.spec);
  return found === undefined ? [] : [`${what}: ${found}`];
}

/** What a view computes from rows that merges of its source combine or remove. */
function mergeDependent(select: Select, table: TableSpec): string | undefined {
  const roles = rolesOf(table);
  for (const { expression } of select.items) {
    for (const call of callsIn(expression)) {
      const reason = mergeDependence(call, roles);
      if (reason !== undefined) return `${call.name}() ${reason}`;
    }
  }
  return undefined;
}

function calledIn(query: string): string[] {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  return tokens.flatMap((token, index) =>
    token.kind === "word" && tokens[index + 1]?.text === "(" ? [token.text] : [],
  );
}

function tableOf({ table, function: name }: Select["from"][number]): string {
  return table === undefined ? (name ?? "a subquery") : [table.database, table.name].filter(Boolean).join(".");
}

/** Whether a type is an aggregate state, or a value that merges by a function. */
export function aggregateType(
  type: string,
): { state: boolean; name: string; parameters: string[]; inner: string } | undefined {
  const { name, args } = parseType(type);
  if (name !== "AggregateFunction" && name !== "SimpleAggregateFunction") return undefined;
  // A state may have a version before its function.
  const [fn = "", ...types] = /^\d+$/.test(args[0] ?? "") ? args.slice(1) : args;
  const { name: base, args: parameters } = parseType(fn);
  return { state: name === "AggregateFunction", name: base, parameters: [...parameters], inner: types[0] ?? "" };
}
