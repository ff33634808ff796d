import { kindOf } from "../kinds";
import type { Drawing, Paint } from "../kinds/kind";
import type { LineageNode, NodeKind } from "./lineage";

/** What happens to an object. */
export type Mark = "create" | "update" | "replace" | "delete";

/** What happens to the objects of these keys; the others do not change. */
export type Marks = ReadonlyMap<string, Mark>;

/** No object changes. */
export const NO_MARKS: Marks = new Map();

/** A sign for a mark that distinguishes it without colour. */
export const SIGNS: Readonly<Record<Mark, string>> = { create: "➕", update: "✏️", replace: "♻️", delete: "🗑️" };

export const MARK_PAINT: Readonly<Record<Mark, Paint>> = {
  create: { fill: "#dafbe1", stroke: "#1a7f37", text: "#0b3d1c" },
  update: { fill: "#fff3c4", stroke: "#9a6700", text: "#3d2900" },
  replace: { fill: "#fbe4ff", stroke: "#8250df", text: "#3b1b78" },
  delete: { fill: "#ffe3e0", stroke: "#cf222e", text: "#6b0f16", dashed: true },
};

/** How something is drawn that nothing declares here. */
const OUTSIDE: Drawing = {
  mermaid: ["[", "]"],
  dot: "box",
  paint: { fill: "#f3f4f6", stroke: "#8c959f", text: "#424a53", dashed: true },
};

/** How a node of a kind is drawn. */
export function drawingOf(kind: NodeKind): Drawing {
  return (kind === "outside" ? undefined : kindOf(kind).drawn) ?? OUTSIDE;
}

/** The style of unchanged nodes among changed ones. */
export const PLAIN_PAINT: Paint = { fill: "#f6f8fa", stroke: "#8c959f", text: "#424a53" };

/** The name of a kind, for people. */
export function wordOf(kind: NodeKind): string {
  return kind === "outside" ? "not declared here" : kindOf(kind).word;
}

/** The class that styles a node: its mark, else its kind, or `plain` if others are marked. */
export function classOf(node: LineageNode, marks: Marks): Mark | NodeKind | "plain" {
  const mark = marks.get(node.key);
  if (mark !== undefined) return mark;
  return marks.size > 0 && node.kind !== "outside" ? "plain" : node.kind;
}

/** The style of a {@link classOf}. */
export function paintOf(name: Mark | NodeKind | "plain"): Paint {
  if (name === "plain") return PLAIN_PAINT;
  return isMark(name) ? MARK_PAINT[name] : drawingOf(name).paint;
}

function isMark(name: Mark | NodeKind): name is Mark {
  return Object.hasOwn(MARK_PAINT, name);
}
