import {
  type BackfillPreview,
  createWithBackfill,
  findUnfinished,
  previewBackfill,
  sourceOf,
  type UnfinishedBackfill,
} from "../apply/backfill";
import type { Created } from "../apply/create";
import { interruptible, tellBackfill } from "../apply/progress";
import { digest } from "../canonical/fingerprint";
import type { Connection } from "../connection/connection";
import type { BackfillDeclaration } from "../declare/backfill";
import type { ChangeOptions } from "../declare/options";
import { refuseFor, SchemaError } from "../errors";
import { remark, renderSize, type ShownStep } from "../plan";
import { Definition } from "../sql/definition";
import { objectKey, quotedName } from "../sql/object-key";
import type { Context } from "./context";
import { canRefill } from "./refill";

/** A materialized view to be created with the rows that its source already holds. */
export interface Backfill {
  readonly view: Definition;
  readonly urn: string | undefined;
  readonly sensitive: boolean;
  readonly declared: BackfillDeclaration;
  readonly allow: readonly string[];
}

/** The declared backfill; undefined if there is none. */
export function backfillOf(
  context: Context,
  view: Definition,
  { allow, backfill }: ChangeOptions,
  { sensitive, urn }: { readonly sensitive: boolean; readonly urn: string | undefined },
): Backfill | undefined {
  if (backfill === undefined) return undefined;
  return { view, urn, sensitive, declared: backfill, allow: [...allow, ...context.config.allow] };
}

/**
 * What the creation will read and cost, for the plan. Shorter if source or target are created in the same run.
 *
 * @throws {SchemaError} when it would be refused.
 */
export async function lookAtBackfill(context: Context, backfill: Backfill): Promise<ShownStep> {
  const { allow, declared, sensitive, view } = backfill;
  if (!(await allExist(context, backfill))) {
    return remark("-- backfill: fills its target with what its source holds by then");
  }
  const connection = await context.connection();
  if ((await unfinishedOn(connection, view.key)) !== undefined) return RESUMES;
  const options = { ...declared, allow, sensitive };
  const preview = await previewBackfill(connection, { mode: "create", statements: [view.text], options });
  refuseFor(`${quotedName(view.key)}: cannot be created with backfill; nothing was done`, preview.refusals);
  return describePreview(preview);
}

/** Whether the tables that the view reads and writes exist on the server. */
async function allExist(context: Context, { view, urn }: Backfill): Promise<boolean> {
  const { spec } = view;
  if (spec.kind !== "materializedView" || spec.to === undefined) return true;
  for (const { database, name } of [spec.to, sourceOf(spec)]) {
    if ((await context.reachableLive(urn, objectKey(database, name))) === undefined) return false;
  }
  return true;
}

const RESUMES = remark("-- resumes its backfill, which was interrupted");

/** The plan if an earlier run began to create the view and was interrupted. */
export async function lookAtAdopted(context: Context, { view, urn }: Backfill): Promise<ShownStep | undefined> {
  if ((await unfinishedOn(await context.connection(), view.key)) !== undefined) return RESUMES;
  await context.log.warn(urn, await nothingToFill(context, view, urn));
  return undefined;
}

async function nothingToFill(context: Context, view: Definition, urn: string | undefined): Promise<string> {
  const how = (await canRefill(context, urn, view.spec))
    ? `; to fill its target, run \`clickhouse-schema backfill --view ${quotedName(view.key)}\``
    : "";
  return `exists on the server, so \`backfill\` does nothing${how}`;
}

/** The word by which the state remembers that a backfill was declared. */
const DECLARED = "backfill";

/**
 * Says once, of a view that is in the state, that a backfill which is declared now comes too late.
 *
 * @param said what was said of it before, digests or words.
 * @returns what has been said of it now.
 */
export async function tellTooLate(
  context: Context,
  {
    definition,
    urn,
    wanted,
  }: { readonly definition: Definition | undefined; readonly urn: string | undefined; readonly wanted: boolean },
  stored: { readonly statement?: string; readonly __said?: string },
  said = "",
): Promise<string | undefined> {
  const others = said.split(" ").filter((word) => word !== "" && word !== DECLARED);
  const isNew = !(stored.__said ?? "").split(" ").includes(DECLARED);
  const { statement } = stored;
  if (wanted && isNew && statement !== undefined)
    await context.log.warn(urn, await nothingToFill(context, definition ?? Definition.read(statement), urn));
  return [...others, ...(wanted ? [DECLARED] : [])].join(" ") || undefined;
}

/**
 * Creates the view and fills its target, or resumes that; a view that already exists complete is left to be adopted.
 *
 * @returns undefined when there is nothing to be filled.
 */
export async function createFilled(
  context: Context,
  connection: Connection,
  backfill: Backfill,
): Promise<Created | undefined> {
  const { allow, declared, sensitive, urn, view } = backfill;
  const { key } = view;
  return context.turns.ofBackfills(async () => {
    const exists = (await context.live.findNow(key)) !== undefined;
    if (exists && (await unfinishedOn(connection, key)) === undefined) return undefined;
    const tell = tellBackfill((line) => void context.log.status(urn, line));
    const warnOfInterrupts = interruptible((message) => void context.log.info(urn, message));
    await createWithBackfill(connection, [view.text], {
      ...declared,
      ...{ allow, sensitive },
      onProgress: (progress) => {
        if (progress.step === "fill") warnOfInterrupts(progress);
        tell(progress);
      },
    });
    const live = await context.live.findNow(key);
    if (live === undefined) {
      throw new SchemaError(
        "objects-hidden",
        `${quotedName(key)}: was created and filled, but the server does not show it.`,
      );
    }
    return { adopted: false, observed: digest(live.statement) };
  });
}

async function unfinishedOn(connection: Connection, key: string): Promise<UnfinishedBackfill | undefined> {
  const found = await findUnfinished(connection);
  return found.find(
    ({ plan }) => plan.mode === "create" && plan.views.some(({ statement }) => Definition.read(statement).key === key),
  );
}

function describePreview({ free, gated, needed, sources }: BackfillPreview): ShownStep {
  const reads = sources.map(
    ({ bytes, chunks, rows, source }) =>
      `-- backfill: reads ${source}, ${renderSize({ rows, bytes })}, in ${chunks} ${chunks === 1 ? "chunk" : "chunks"}`,
  );
  const room = free === undefined ? "" : `; free on its disks: ${renderSize({ bytes: free })}`;
  const gate = gated
    ? "-- inserts are refused (error 469: clients should retry) for at most 4 s at a time while the view is created"
    : "-- no insert is refused";
  return remark([...reads, `-- needs up to ${renderSize({ bytes: needed })}${room}`, gate].join("\n"));
}
