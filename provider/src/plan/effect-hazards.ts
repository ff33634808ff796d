import type { RightsAndRoles } from "../sql/access/grants";
import type { Holder } from "../sql/access/holder";
import type { Lattice } from "../sql/rights/lattice";
import { type Effect, effectsOf, effectText, isAlone } from "./access-effects";
import { hazard } from "./hazards";
import type { Hazard, HazardKind, Statement } from "./plan";

/** A change of what somebody may do. */
export interface GrantChange {
  readonly grantee: string;
  readonly before: RightsAndRoles;
  readonly after: RightsAndRoles;
  /** The user of the connection. */
  readonly user: string | undefined;
}

/** How the hazard of a moment begins, which nobody keeps. */
export const BETWEEN = "between two statements";

/** Statements that also say who wins and who loses what, with all roles counted; and that the user who runs them is among those who lose. */
export function withEffects(
  lattice: Lattice,
  holders: readonly Holder[],
  { grantee, before, after, user }: GrantChange,
  statements: readonly Statement[],
): Statement[] {
  const hasRoles = (before.roles ?? []).length + (after.roles ?? []).length > 0;
  if (statements.length === 0 || (isAlone(holders, grantee) && !hasRoles)) return [...statements];
  const effects = effectsOf(lattice, holders, grantee, before, after);
  const told = tell(
    tell(statements, "widens-access", effectText(effects, "won", grantee)),
    "narrows-access",
    effectText(effects, "lost", grantee),
  );
  return user === undefined || user === grantee ? told : lockedOut(told, effects, user);
}

/** What others have and do at the same time may change this, so it is not part of the message. */
function tell(statements: readonly Statement[], kind: HazardKind, found: string): Statement[] {
  const isIt = (one: Hazard): boolean => one.kind === kind && !one.message.startsWith(BETWEEN);
  const first = statements.findIndex(({ hazards }) => hazards.some(isIt));
  return statements.map((step, index) => {
    if (index !== first) return step;
    const at = step.hazards.findIndex(isIt);
    return { ...step, hazards: step.hazards.map((one, n) => (n === at ? { ...one, found } : one)) };
  });
}

function lockedOut(statements: readonly Statement[], effects: readonly Effect[], user: string): Statement[] {
  const own = effects.find((one) => one.user === user);
  const first = statements.findIndex(({ hazards }) => hazards.some(({ kind }) => kind === "narrows-access"));
  if (own === undefined || own.lost === "" || first < 0) return [...statements];
  const locks = hazard(
    "locks-out",
    `${user}, the user that runs this, loses by it: ${own.lost}. It may then lack a right for the rest of the run, and for giving it back`,
  );
  return statements.map((step, index) => (index === first ? { ...step, hazards: [locks, ...step.hazards] } : step));
}
