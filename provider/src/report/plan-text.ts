import { currentWord, FORMER_WORDS } from "../plan/hazards";
import type { HazardKind } from "../plan/plan";

/** One step of a plan as `plan/render.ts` prints it. */
export interface PlannedStep {
  /** The statement, or the comment that names the long protocol that runs. */
  readonly sql: string;
  readonly hazards: readonly { readonly kind: HazardKind; readonly message: string }[];
}

/** What each kind means, worst first. */
export const HAZARDS: Readonly<Record<HazardKind, { readonly label: string; readonly sign: string }>> = {
  "drops-data": { label: "drops data", sign: "⛔" },
  "doubles-rows": { label: "doubles rows", sign: "👯" },
  "breaks-reader": { label: "breaks a reader", sign: "💥" },
  unproven: { label: "unproven", sign: "🧪" },
  "may-fail": { label: "may fail", sign: "⚠️" },
  "keeps-old-rows": { label: "keeps old rows", sign: "🕓" },
  "copies-rows": { label: "copies rows", sign: "📦" },
  "rewrites-parts": { label: "rewrites parts", sign: "🔁" },
  "metadata-only": { label: "metadata only", sign: "⚡" },
};

/** Kinds, worst first. */
export const HAZARD_ORDER = Object.keys(HAZARDS) as readonly HazardKind[];

const COSTS: readonly HazardKind[] = ["drops-data", "doubles-rows", "copies-rows", "rewrites-parts", "metadata-only"];
const HAZARD_LINE = new RegExp(`^-- (${[...HAZARD_ORDER, ...FORMER_WORDS].join("|")}): ?(.*)$`);

/** A step of a secret resource, for which the planner reveals only its cost. */
const SECRET_LINE = /^-- \(secret\) (.*)$/;

/** The steps in a plan's text that may contain secrets: only the names of hazards are let through. */
export function parseSecretPlan(text: string): PlannedStep[] {
  return text.split("\n").flatMap((line) => {
    const [, words] = SECRET_LINE.exec(line) ?? [];
    if (words === undefined) return [];
    const said = words.split(",").map((word) => currentWord(word.trim()));
    const kinds = HAZARD_ORDER.filter((kind) => said.includes(kind));
    return [{ sql: "", hazards: kinds.map((kind) => ({ kind, message: "the details are secret" })) }];
  });
}

/** The steps in a plan's text. Lines after a hazard belong to it, up to an empty one. */
export function parsePlan(text: string): PlannedStep[] {
  const steps: PlannedStep[] = [];
  let sql: string[] = [];
  let hazards: { kind: HazardKind; message: string }[] = [];
  const end = (): void => {
    const statement = sql.join("\n").trim();
    if (statement !== "" || hazards.length > 0) steps.push({ sql: statement, hazards });
    [sql, hazards] = [[], []];
  };
  for (const line of text.split("\n")) {
    const [, kind, message] = HAZARD_LINE.exec(line) ?? [];
    const last = hazards.at(-1);
    if (kind !== undefined) hazards.push({ kind: currentWord(kind) as HazardKind, message: message ?? "" });
    else if (line.trim() === "" && (last !== undefined || sql.at(-1)?.endsWith(";"))) end();
    else if (last !== undefined) last.message += `\n${line}`;
    else sql.push(line);
  }
  end();
  return steps;
}

/** The cost of a step: the most expensive of its cost classes; undefined when its hazards name none. */
export function costOf({ hazards }: PlannedStep): HazardKind | undefined {
  return COSTS.find((cost) => hazards.some(({ kind }) => kind === cost));
}
