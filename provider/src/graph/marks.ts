import type { LineageNode, NodeKind } from "./lineage";

/** What happens to an object. */
export type Mark = "create" | "update" | "replace" | "delete";

/** What happens to the objects of these keys; the others do not change. */
export type Marks = ReadonlyMap<string, Mark>;

/** No object changes. */
export const NO_MARKS: Marks = new Map();

/** A sign for a mark that distinguishes it without colour. */
export const SIGNS: Readonly<Record<Mark, string>> = { create: "➕", update: "✏️", replace: "♻️", delete: "🗑️" };

/** Fill, border and text of a box: dark on light, so that it is readable on a light and on a dark page. */
export interface Paint {
  readonly fill: string;
  readonly stroke: string;
  readonly text: string;
  readonly dashed?: boolean;
}

export const MARK_PAINT: Readonly<Record<Mark, Paint>> = {
  create: { fill: "#dafbe1", stroke: "#1a7f37", text: "#0b3d1c" },
  update: { fill: "#fff3c4", stroke: "#9a6700", text: "#3d2900" },
  replace: { fill: "#fbe4ff", stroke: "#8250df", text: "#3b1b78" },
  delete: { fill: "#ffe3e0", stroke: "#cf222e", text: "#6b0f16", dashed: true },
};

export const KIND_PAINT: Readonly<Record<NodeKind, Paint>> = {
  table: { fill: "#ddf0ff", stroke: "#0969da", text: "#06294f" },
  materializedView: { fill: "#fff1dc", stroke: "#bc6c00", text: "#4a2a00" },
  view: { fill: "#e3f7ea", stroke: "#1a7f37", text: "#0b3d1c" },
  outside: { fill: "#f3f4f6", stroke: "#8c959f", text: "#424a53", dashed: true },
};

/** The style of unchanged nodes among changed ones. */
export const PLAIN_PAINT: Paint = { fill: "#f6f8fa", stroke: "#8c959f", text: "#424a53" };

/** The name of a kind, for people. */
export const KIND_NAMES: Readonly<Record<NodeKind, string>> = {
  table: "table",
  materializedView: "materialized view",
  view: "view",
  outside: "not declared here",
};

/** The class that styles a node: its mark, else its kind, or `plain` if others are marked. */
export function classOf(node: LineageNode, marks: Marks): Mark | NodeKind | "plain" {
  const mark = marks.get(node.key);
  if (mark !== undefined) return mark;
  return marks.size > 0 && node.kind !== "outside" ? "plain" : node.kind;
}

/** The style of a {@link classOf}. */
export function paintOf(name: Mark | NodeKind | "plain"): Paint {
  return name === "plain" ? PLAIN_PAINT : { ...MARK_PAINT, ...KIND_PAINT }[name];
}
