import { isUnsupportedLocally } from "../canonical/unsupported-locally";
import { ServerError } from "../connection/errors";
import { messageOf, SchemaError } from "../errors";
import { keyOf } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectKind } from "../sql/spec";
import type { Act, ActStep } from "./acts";
import { dropObject, playProtocol } from "./protocols";
import { type Said, saidBy } from "./said";
import type { Stage } from "./stage";

/**
 * What became of a step: `ok`; `fails` with the engine's words; `not-run`, because one before it failed; `not-played`, because the embedded
 * engine cannot tell.
 */
export type OutcomeStatus = "ok" | "fails" | "not-run" | "not-played";

/** The outcome of a step on the sample. */
export interface Outcome {
  /** Quoted name of the object. */
  readonly object: string;
  readonly kind: ObjectKind;
  /** As the preview shows it; empty if it is secret. */
  readonly sql: string;
  readonly status: OutcomeStatus;
  /** Why it was not run or not played. */
  readonly reason?: string;
  /** What the engine said. */
  readonly error?: Said;
  readonly seconds: number;
}

/** Statements about users, of which the embedded engine has none. */
const ABOUT_USERS = /\bMODIFY\s+(?:DEFINER|SQL\s+SECURITY)\b/i;
const CREATES = /^CREATE\s+(OR\s+REPLACE\s+)?(?=(?:TABLE|(?:MATERIALIZED\s+)?VIEW|DICTIONARY|FUNCTION|DATABASE)\b)/i;

/** Runs the steps of a preview, in order. After a step that fails, the others of its object are not run, as in `up`. */
export async function play(stage: Stage, acts: readonly Act[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const done = new Set<string>();
  for (const act of acts) {
    let hasFailed = false;
    for (const step of act.steps) {
      const base = { object: act.name, kind: act.kind, sql: step.sql };
      if (hasFailed) {
        outcomes.push({ ...base, status: "not-run", reason: "a step before it fails", seconds: 0 });
        continue;
      }
      const began = performance.now();
      const said = await outcomeOf(stage, act, step, done);
      hasFailed = said.status === "fails";
      if (hasFailed) await stage.endMutations();
      outcomes.push({ ...base, ...said, seconds: (performance.now() - began) / 1000 });
    }
  }
  return outcomes;
}

async function outcomeOf(
  stage: Stage,
  act: Act,
  { run }: ActStep,
  done: Set<string>,
): Promise<Pick<Outcome, "status" | "reason" | "error">> {
  if (run.kind === "unplayable") return { status: "not-played", reason: run.reason };
  try {
    switch (run.kind) {
      case "create":
        await stage.host(run.spec);
        break;
      case "drop":
        await dropObject(stage, run.spec);
        break;
      case "protocol":
        await playProtocol(stage, run.step);
        break;
      case "statements":
        for (const sql of run.statements) await runStatement(stage, sql, done);
        break;
      default:
        return unreachable(run);
    }
    return { status: "ok" };
  } catch (error) {
    if (error instanceof NotPlayed) return { status: "not-played", reason: error.message };
    if (error instanceof SchemaError) return { status: "not-played", reason: messageOf(error) };
    if (!(error instanceof ServerError)) throw error;
    const said = saidBy(error);
    if (isUnsupportedLocally(error))
      return { status: "not-played", reason: "the embedded engine does not have what it names", error: said };
    const reason = standInOf(stage, act);
    return reason === undefined ? { status: "fails", error: said } : { status: "not-played", reason, error: said };
  }
}

class NotPlayed extends Error {}

function standInOf(stage: Stage, { key }: Act): string | undefined {
  const now = stage.keyNow(key);
  if (stage.isStandIn(now)) return "another object stands for it here";
  return stage.missing.some((one) => one.key === now) ? "the object is not as on the server here" : undefined;
}

/** Of two rows that both show a statement, the first runs it: a reader that changes before what it reads. */
async function runStatement(stage: Stage, sql: string, done: Set<string>): Promise<void> {
  if (done.has(sql)) return;
  if (ABOUT_USERS.test(sql)) throw new NotPlayed("the embedded engine has no users");
  const [head, replaces] = CREATES.exec(sql) ?? [];
  if (head === undefined) await stage.engine.command(sql);
  else {
    const spec = parseCreate(`CREATE ${sql.slice(head.length)}`);
    if (replaces !== undefined && (await stage.has(keyOf(spec)))) await dropObject(stage, spec);
    await stage.host(spec);
  }
  done.add(sql);
}

function unreachable(run: never): never {
  throw new Error(`No way to play ${JSON.stringify(run)}`);
}
