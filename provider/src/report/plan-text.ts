import { FORMER_WORDS, hazardCalled } from "../plan/hazards";
import { HAZARD_KINDS, type HazardKind } from "../plan/plan";
import { SECRET } from "../plan/render";
import type { ShownHazard, ShownStep } from "../plan/shown";

// Previews and states of 0.1.0 hold a plan as text alone. This text does not change any more, so it can be read.

const HAZARD_LINE = new RegExp(`^-- (${[...HAZARD_KINDS, ...FORMER_WORDS.keys()].join("|")}): ?(.*)$`);
/** A step of a secret resource: only its costs. */
const SECRET_LINE = /^-- \(secret\) (.*)$/;
/** Part of the message of a hazard whose query was not answered. */
const UNASKED = "could not be asked";

/** The steps in a plan's text that may contain secrets: only the names of hazards are let through. */
export function parseSecretPlan(text: string): ShownStep[] {
  return text.split("\n").flatMap((line) => {
    const [, words] = SECRET_LINE.exec(line) ?? [];
    if (words === undefined) return [];
    const kinds = new Set(words.split(",").flatMap((word) => hazardCalled(word.trim()) ?? []));
    const found = HAZARD_KINDS.filter((kind) => kinds.has(kind));
    return [{ sql: "", hazards: found.map((kind) => ({ kind, message: SECRET })) }];
  });
}

/** The steps in a plan's text. Lines after a hazard belong to it, up to an empty one. */
export function parsePlan(text: string): ShownStep[] {
  const steps: ShownStep[] = [];
  let sql: string[] = [];
  let hazards: { kind: HazardKind; message: string }[] = [];
  const end = (): void => {
    const statement = sql.join("\n").trim();
    if (statement !== "" || hazards.length > 0) steps.push({ sql: statement, hazards: hazards.map(hazardOf) });
    [sql, hazards] = [[], []];
  };
  for (const line of text.split("\n")) {
    const [, word = "", message = ""] = HAZARD_LINE.exec(line) ?? [];
    const kind = hazardCalled(word);
    const last = hazards.at(-1);
    if (kind !== undefined) hazards.push({ kind, message });
    else if (line.trim() === "" && (last !== undefined || sql.at(-1)?.endsWith(";"))) end();
    else if (last !== undefined) last.message += `\n${line}`;
    else sql.push(line);
  }
  end();
  return steps;
}

function hazardOf({ kind, message }: Pick<ShownHazard, "kind" | "message">): ShownHazard {
  return { kind, message, ...(message.includes(UNASKED) && { unasked: true }) };
}
