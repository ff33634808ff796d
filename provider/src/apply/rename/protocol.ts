import { SchemaError } from "../../errors";
import type { Protocol } from "../../operation/protocol";
import { fields, isFlag, isName, isNumber, isText, listOf, oneOf, optional } from "../../operation/shape";
import type { QualifiedName } from "../../sql/spec";
import { isRenamed, RenameContext, type RenamePlan } from "./context";
import { qualified } from "./names";
import type { RenameHooks, RenameResult } from "./options";
import { exchangeNames, openAll, repointAll } from "./steps";
import { undoRename } from "./undo";

const isEnd = fields<{ database: string; name?: string }>({ database: isText, name: optional(isText) });

/** Another name, or another database, for a table, view or database, and for everything that refers to it. */
export const RENAME: Protocol<RenamePlan, RenameHooks, RenameContext, RenameResult> = {
  kind: "rename",
  version: 1,
  // Versions that read no other line as the end of a rename may share the server.
  end: "finished",
  plan: fields<RenamePlan>({
    ...{ kind: oneOf("rename"), version: optional(isNumber), object: isText, from: isEnd, to: isEnd },
    ...{ allow: listOf(isText), uuid: isText, startedAt: isNumber },
  }),
  lines: {
    refreshing: fields<{ stopped: unknown; disabled: unknown }>({ stopped: listOf(isName), disabled: listOf(isName) }),
    repointed: listOf(isText),
    carried: listOf(isText),
    open: isFlag,
    finished: fields<RenameResult>({ operation: isText, repointed: listOf(isText), gated: isFlag }),
  },
  steps: [
    { name: "rename", when: async ({ plan, runner }) => !(await isRenamed(runner, plan)), run: exchangeNames },
    { name: "re-point", line: "open", run: repointAll },
    { name: "open", run: openAll },
  ],
  open: (runner, journal, plan, hooks) => new RenameContext(runner, journal, plan, hooks),
  async finish({ journal, runner }): Promise<RenameResult> {
    const gated = (journal.get<QualifiedName[]>("gate") ?? []).length > 0;
    return { operation: runner.operation, repointed: journal.need<string[]>("repointed"), gated };
  },
  result: ({ journal }) => journal.need("finished"),
  async forwardOnly({ journal, plan, runner }) {
    if (!journal.has("open")) return undefined;
    return (
      `${qualified(plan.to)}: operation ${runner.operation} has re-pointed everything, and inserts go to the new name, so it cannot be rolled back. ` +
      `Resume it. To go back, rename it to ${qualified(plan.from)} afterwards.`
    );
  },
  undo: undoRename,
  async describe({ plan, runner }) {
    const renamed = await isRenamed(runner, plan).catch((error: unknown) => {
      if (error instanceof SchemaError) return false;
      throw error;
    });
    const progress = `${qualified(plan.from)} → ${qualified(plan.to)}${renamed ? ", has its new name" : ""}`;
    return { step: renamed ? "re-point" : "rename", progress };
  },
  isBrief: () => true,
  async home({ journal, plan, runner }) {
    if ("name" in plan.from) return journal.database;
    return ((await isRenamed(runner, plan)) ? plan.to : plan.from).database;
  },
};
