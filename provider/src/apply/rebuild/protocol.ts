import { readTable, uuidOf } from "../../clickhouse/catalog";
import { resumeMerges } from "../../operation/fence";
import { allowInserts } from "../../operation/gate";
import { shadowStatement } from "../../operation/helper-definitions";
import { attachLeftover, awaitOpenReaders } from "../../operation/open-readers";
import type { Protocol, Step } from "../../operation/protocol";
import {
  anyOf,
  fields,
  isAnything,
  isFlag,
  isNumber,
  isText,
  listOf,
  oneOf,
  optional,
  orNull,
  recordOf,
} from "../../operation/shape";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import type { Built } from "./build";
import { type Mapping, mapColumns } from "./columns";
import { RebuildContext, type RebuildPlan } from "./context";
import { PASSES } from "./copy";
import { type Chunk, chunksOf } from "./coverage";
import { copyRest, copyRows, exchangeTables } from "./exchange";
import type { Fenced } from "./headroom";
import { chooseNumbers, unchooseNumbers } from "./numbers";
import type { RebuildHooks, RebuildResult, RebuildStep } from "./options";
import { type Done, dropHelpers, retire } from "./put-aside";
import { attachDelta, type Delta, makeDelta, openAll, verify } from "./settle";

/** Whether merges of the new table were held back again for the last rows. */
const hasPaused = ({ journal }: RebuildContext): boolean =>
  journal.has("unfenced") && !journal.has("verified") && journal.need<Delta>("delta").parts.length > 0;
const isBefore = async (context: RebuildContext): Promise<boolean> => !(await context.isSwapped());

const STEPS: readonly Step<RebuildContext>[] = [
  { name: "prepare", line: "new", run: prepare },
  // Operations of version 1 have copied rows without it.
  {
    name: "prepare",
    when: ({ journal, plan }) => (plan.version ?? 1) > 1 && journal.get("numbers") == null,
    run: chooseNumbers,
  },
  { name: "copy", when: isBefore, run: copyRows },
  { name: "catch-up", when: isBefore, run: copyRest },
  { name: "exchange", when: isBefore, run: exchangeTables },
  { name: "barrier", line: "open", when: ({ journal }) => journal.has("gate"), run: openAll },
  {
    name: "barrier",
    when: ({ journal }) => !journal.has("verified"),
    run: (context) => context.keepExpired(context.names.table),
  },
  // Merges of the new table are held back again only while the last rows are attached.
  { name: "barrier", line: "unfenced", when: ({ journal }) => !journal.has("delta"), run: letMergesRun },
  { name: "barrier", line: "drained", run: ({ names, runner }) => awaitOpenReaders(runner, names.shadow) },
  { name: "delta", line: "delta", run: makeDelta },
  // Its line precedes merges of the new table: these change the hashes that identify a delta part.
  { name: "delta", line: "attached", run: attachDelta },
  { name: "verify", when: hasPaused, run: letMergesRun },
  { name: "verify", line: "verified", run: verify },
];

const isDelta = fields<Delta>({
  parts: listOf(fields<Delta["parts"][number]>({ partition: isText, hash: isText })),
  ...{ rows: isNumber, stored: isNumber },
});

/** Another key, partitioning or engine for a table with rows. */
export const REBUILD: Protocol<RebuildPlan, RebuildHooks, RebuildContext, RebuildResult> = {
  kind: "rebuild",
  version: 2,
  end: "done",
  plan: fields<RebuildPlan>({
    ...{ kind: oneOf("rebuild"), version: optional(isNumber), from: isText, to: isText, startedAt: isNumber },
    ...{ keepOld: isNumber, mode: oneOf("online", "offline"), renamed: recordOf(isText), allow: listOf(isText) },
  }),
  lines: {
    ...{ old: isText, new: isText, passes: isNumber },
    columns: fields<Mapping>({ columns: isText, values: isText, oldHash: isText, newHash: isText }),
    "chunk:": orNull(fields<Chunk>({ ranges: recordOf(isAnything), rows: isNumber, hash: isText, masked: isFlag })),
    numbers: orNull(isFlag),
    fenced: orNull(anyOf(isFlag, fields<Fenced>({ parts: isNumber }))),
    built: fields<Built>({ high: recordOf(isNumber), digest: isText }),
    ...{ open: isFlag, drained: isFlag, delta: isDelta, attached: isFlag, unfenced: isFlag },
    verified: fields<{ rows: number }>({ rows: isNumber }),
    done: fields<Done>({ retired: isText, uuid: isText, keepUntil: isNumber, rows: isNumber, gated: isFlag }),
  },
  steps: STEPS,
  open: (runner, journal, plan, hooks) => new RebuildContext(runner, journal, plan, hooks),
  finish: retire,
  result(context) {
    const { journal, names, runner } = context;
    context.enter("done");
    const { rows, keepUntil, gated } = journal.need<Done>("done");
    return { operation: runner.operation, rows, retired: qualifiedName(names.retired), keepUntil, gated };
  },
  async forwardOnly(context) {
    const { journal, names, runner } = context;
    if (!journal.has("done") && !(journal.has("new") && (await context.isSwapped()))) return undefined;
    return (
      `${qualifiedName(names.table)}: operation ${runner.operation} has exchanged the tables, and clients write to the new one, so it cannot be rolled back. ` +
      "Resume it. To go back, rebuild the table to its old definition afterwards."
    );
  },
  /** Returns to the old table: drops the copy and lets merges run again. The table itself was not changed. */
  async undo(context) {
    const { from, journal, names, runner } = context;
    const gate = journal.get<QualifiedName[]>("gate") ?? [];
    await allowInserts(
      runner,
      gate.filter(({ name }) => name !== names.shadow.name),
    );
    await resumeMerges(runner, names.table, from.storage.settings, true);
    await unchooseNumbers(context);
    await dropHelpers(context);
    if (!journal.has("new")) await attachLeftover(runner, names.shadow);
    await context.drop(names.shadow);
  },
  async describe({ journal, names, runner }) {
    const table = await readTable(runner, names.table);
    const step = stepOf(journal.all, journal.has("new") && table?.uuid === journal.get("new"));
    const rows = chunksOf({ journal }).reduce((sum, chunk) => sum + chunk.rows, 0);
    const total = table?.rows ?? 0;
    const count = (n: number): string => n.toLocaleString("en-US");
    return { step, rows, total, progress: step === "copy" ? `copy, ${count(rows)} of ${count(total)} rows` : step };
  },
  /** Merges are allowed again once the last rows are attached; otherwise parts would accumulate until inserts are refused. */
  async stuck({ journal, names, runner, to }) {
    if (!journal.has("attached")) return;
    await journal.set("unfenced", true);
    await resumeMerges(runner, names.table, to.storage.settings, true);
  },
};

/** Creates the new storage, empty, and maps the columns. @returns its UUID. */
async function prepare(context: RebuildContext): Promise<string | undefined> {
  const { journal, names, plan, runner, to } = context;
  if (journal.has("old")) await attachLeftover(runner, names.shadow);
  else await journal.set("old", await uuidOf(runner, names.table));
  await context.create(names.shadow, shadowStatement(to, names.shadow));
  // Required after the exchange, so it is tried while nothing depends on it yet.
  await awaitOpenReaders(runner, names.shadow);
  await journal.set("columns", await mapColumns(runner, names.table, names.shadow, plan.renamed));
  return uuidOf(runner, names.shadow);
}

function letMergesRun({ names, runner, to }: RebuildContext): Promise<void> {
  return resumeMerges(runner, names.table, to.storage.settings, true);
}

function stepOf(lines: ReadonlyMap<string, unknown>, swapped: boolean): RebuildStep {
  if (!swapped)
    return lines.get("fenced") || lines.get("passes") === PASSES ? "catch-up" : lines.has("new") ? "copy" : "prepare";
  if (lines.has("verified")) return "retire";
  if (lines.has("attached")) return "verify";
  return lines.has("drained") ? "delta" : "barrier";
}
