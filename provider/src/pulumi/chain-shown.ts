import { remark, type ShownStep } from "../plan";
import { quotedName } from "../sql/object-key";
import { firstSteps } from "./change-readers";
import type { Context } from "./context";
import { saidWith } from "./declared-readers";
import type { First } from "./first";
import type { Planned } from "./planning";

/**
 * The plan of an object with what is changed first. A chain is shown once, on the row where it starts: what the plan of another row of this
 * run shows is only pointed to.
 *
 * @param shown steps of its own.
 */
export function shownInChain(
  context: Context,
  key: string,
  first: readonly First[],
  planned: Pick<Planned, "changes" | "plan">,
  shown: readonly ShownStep[],
): ShownStep[] {
  const others = [...context.planned].filter(([other]) => other !== key);
  const ownerOf = ({ column, key: wanted }: Pick<First, "key" | "column">): string | undefined =>
    others.find(([, { first }]) => first.some((one) => one.key === wanted && one.column === column))?.[0];
  // What is itself a row, shown before this one, has its own plan there.
  const ownRow = ({ adds, isInterim, key: wanted }: First): string | undefined =>
    isInterim || adds?.default?.kind === "ALIAS" ? undefined : others.find(([other]) => other === wanted)?.[0];
  const known = first.map((one) => ({ one, owner: ownerOf(one) ?? ownRow(one) }));
  const owners = [...new Set(known.flatMap(({ owner }) => owner ?? []))];
  const pointers = owners.map((owner) => {
    const names = [...new Set(known.flatMap(({ one, owner: by }) => (by === owner ? [quotedName(one.key)] : [])))];
    const itself = quotedName(owner);
    const plan = names.length === 1 && names[0] === itself ? "its own plan" : `the plan of ${itself}`;
    return remark(`-- first ${names.join(", ")}, as ${plan} shows`);
  });
  const rest = known.flatMap(({ one, owner }) => (owner === undefined ? [one] : []));
  return [...pointers, ...firstSteps(rest, planned), ...ownSteps(context, key, ownerOf({ key }), shown)];
}

/** @param owner the row whose plan has the object in it. */
function ownSteps(
  context: Context,
  key: string,
  owner: string | undefined,
  shown: readonly ShownStep[],
): readonly ShownStep[] {
  if (owner === undefined || shown.length === 0) return shown;
  const there = context.planned.get(owner)?.first.find((one) => one.key === key && one.column === undefined);
  const label = quotedName(owner);
  if (there?.isInterim) return saidWith(`-- ends what the plan of ${label} begins:`, shown);
  return [
    remark(
      `-- one change with ${label}: its plan shows the statements, and whichever of the rows comes first runs them`,
    ),
  ];
}
