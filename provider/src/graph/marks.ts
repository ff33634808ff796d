import { kindOf } from "../kinds";
import type { Colors, Drawing, Paint } from "../kinds/kind";
import { OBJECT_KINDS } from "../sql/kinds";
import type { LineageNode, NodeKind } from "./lineage";

/** What happens to an object. */
export type Mark = "create" | "update" | "replace" | "delete";

/** What happens to the objects of these keys; the others do not change. */
export type Marks = ReadonlyMap<string, Mark>;

/** No object changes. */
export const NO_MARKS: Marks = new Map();

/** A sign for a mark that distinguishes it without colour. */
export const SIGNS: Readonly<Record<Mark, string>> = { create: "➕", update: "✏️", replace: "♻️", delete: "🗑️" };

/** The sign of a mark where no font for {@link SIGNS} may be installed; as Pulumi prints it. */
export const PLAIN_SIGNS: Readonly<Record<Mark, string>> = { create: "+", update: "~", replace: "±", delete: "−" };

/** What a box is painted by. */
export type PaintName = Mark | NodeKind | "plain";

const DARK_PLAIN: Colors = { fill: "#1c2129", stroke: "#7d8590", text: "#d1d7e0" };

export const MARK_PAINT: Readonly<Record<Mark, Paint>> = {
  create: {
    fill: "#dafbe1",
    stroke: "#1a7f37",
    text: "#0b3d1c",
    dark: { fill: "#12301c", stroke: "#3fb950", text: "#c6f6d0" },
  },
  update: {
    fill: "#fff3c4",
    stroke: "#9a6700",
    text: "#3d2900",
    dark: { fill: "#37290a", stroke: "#d29922", text: "#f8e3a1" },
  },
  replace: {
    fill: "#fbe4ff",
    stroke: "#8250df",
    text: "#3b1b78",
    dark: { fill: "#2d1f4a", stroke: "#a371f7", text: "#e6d9ff" },
  },
  delete: {
    fill: "#ffe3e0",
    stroke: "#cf222e",
    text: "#6b0f16",
    dark: { fill: "#431a1d", stroke: "#f85149", text: "#ffd7d5" },
    dashed: true,
  },
};

/** How something is drawn that nothing declares here. */
const OUTSIDE: Drawing = {
  mermaid: ["[", "]"],
  dot: "box",
  paint: { fill: "#f3f4f6", stroke: "#8c959f", text: "#424a53", dark: DARK_PLAIN, dashed: true },
};

/** How a node of a kind is drawn. */
export function drawingOf(kind: NodeKind): Drawing {
  return (kind === "outside" ? undefined : kindOf(kind).drawn) ?? OUTSIDE;
}

/** The style of unchanged nodes among changed ones. */
export const PLAIN_PAINT: Paint = { fill: "#f6f8fa", stroke: "#8c959f", text: "#424a53", dark: DARK_PLAIN };

/** The name of a kind, for people. */
export function wordOf(kind: NodeKind): string {
  return kind === "outside" ? "not declared here" : kindOf(kind).word;
}

/** The class that styles a node: its mark, else its kind, or `plain` if others are marked. */
export function classOf(node: LineageNode, marks: Marks): PaintName {
  const mark = marks.get(node.key);
  if (mark !== undefined) return mark;
  return marks.size > 0 && node.kind !== "outside" ? "plain" : node.kind;
}

/** Every name that {@link classOf} gives. */
export const PAINT_NAMES: readonly PaintName[] = [
  ...(Object.keys(MARK_PAINT) as Mark[]),
  ...OBJECT_KINDS.filter((kind) => kindOf(kind).drawn !== undefined),
  "outside",
  "plain",
];

/** The style of a {@link classOf}. */
export function paintOf(name: PaintName): Paint {
  if (name === "plain") return PLAIN_PAINT;
  return isMark(name) ? MARK_PAINT[name] : drawingOf(name).paint;
}

function isMark(name: Mark | NodeKind): name is Mark {
  return Object.hasOwn(MARK_PAINT, name);
}
