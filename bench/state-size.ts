import type { State } from "../test/support/pulumi";

/** How big a state is, in bytes. */
export interface StateSize {
  /** The whole, as compact JSON. */
  readonly total: number;
  /** A resource without two times its statement: the most of any, and the mean. */
  readonly overheadMax: number;
  readonly overheadMean: number;
  /** Mean length of a statement. */
  readonly statementMean: number;
}

/** Measures the resources that carry a statement. */
export function stateSize(state: State): StateSize {
  const sizes = (state.deployment.resources ?? []).flatMap((resource) => {
    const { statement } = { ...resource.inputs, ...resource.outputs } as { statement?: unknown };
    if (typeof statement !== "string") return [];
    const length = bytes(statement);
    return [{ statement: length, overhead: bytes(JSON.stringify(resource)) - 2 * length }];
  });
  if (sizes.length === 0) throw new Error("the state holds no resource with a statement");
  const overheads = sizes.map((size) => size.overhead);
  return {
    total: bytes(JSON.stringify(state)),
    overheadMax: Math.max(...overheads),
    overheadMean: mean(overheads),
    statementMean: mean(sizes.map((size) => size.statement)),
  };
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
