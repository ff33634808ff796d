import type { Colors } from "../kinds/kind";
import { PAINT_NAMES, type PaintName, paintOf } from "./marks";

/** The colours of boxes as custom properties, e.g. `--view-fill`. */
function variables(colors: (name: PaintName) => Colors): string {
  const lines = PAINT_NAMES.map((name) => {
    const { fill, stroke, text } = colors(name);
    return `--${name}-fill: ${fill}; --${name}-stroke: ${stroke}; --${name}-text: ${text};`;
  });
  return `:root { ${lines.join(" ")} }`;
}

const BOXES = PAINT_NAMES.map((name) => {
  const box = `[data-paint="${name}"]`;
  return (
    `${box} rect { fill: var(--${name}-fill); } ${box} rect, ${box} .sides { stroke: var(--${name}-stroke); } ` +
    `${box} text { fill: var(--${name}-text); }`
  );
}).join("\n");

/** The look of the page; light or dark like the reader's system. */
export const PAGE_STYLE = `${variables(paintOf)}
@media (prefers-color-scheme: dark) { ${variables((name) => paintOf(name).dark)} }
${BOXES}
:root { color-scheme: light dark; --page: #fff; --lane: #f6f8fa; --rule: #d0d7de; --text: #1f2328; --soft: #59636e; --line: #8c959f; --strong: #57606a; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0d1117; --lane: #151b23; --rule: #3d444d; --text: #f0f6fc; --soft: #9198a1; --line: #6e7681; --strong: #9198a1; }
}
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; background: var(--page); color: var(--text); font: 14px/1.45 system-ui, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; padding: 10px 16px; border-bottom: 1px solid var(--rule); }
h1 { font-size: 16px; margin: 0; }
.counts { color: var(--soft); }
input, header button { font: inherit; padding: 3px 9px; color: inherit; background: var(--lane); border: 1px solid var(--rule); border-radius: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin-left: auto; color: var(--soft); font-size: 12px; }
.legend span { display: inline-flex; align-items: center; gap: 6px; }
.legend i { width: 16px; height: 12px; border-radius: 3px; }
main { flex: 1; min-height: 0; display: flex; }
#graph { flex: 1; min-width: 0; height: 100%; cursor: grab; touch-action: none; user-select: none; }
#graph.moving { cursor: grabbing; }
.lane { fill: var(--lane); stroke: var(--rule); }
.database { font-size: 13px; font-weight: 600; fill: var(--soft); }
.node { cursor: pointer; outline: none; }
.node rect { stroke-width: 1.5; }
.sides { fill: none; }
.node:hover rect, .node:focus-visible rect { stroke-width: 2.5; }
.node.chosen rect { stroke-width: 3; }
.name { font-size: 13px; font-weight: 600; }
.detail { font-size: 11px; opacity: 0.85; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.4; }
.edge.refresh { stroke-dasharray: 6 4; }
.edge.query { stroke-dasharray: 2 3; }
.edge.write { stroke: var(--strong); stroke-width: 2.4; }
marker path { fill: var(--line); }
#arrow-strong path { fill: var(--strong); }
.chosen-view .node:not(.near), .chosen-view .edge:not(.near) { opacity: 0.16; }
#panel { width: min(520px, 42vw); overflow: auto; padding: 14px 18px; border-left: 1px solid var(--rule); }
#panel h2 { font-size: 15px; margin: 0 24px 2px 0; overflow-wrap: anywhere; }
#panel p { margin: 0 0 10px; color: var(--soft); }
#panel pre { margin: 0; font: 12px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
#close { float: right; border: 0; background: none; color: inherit; font-size: 20px; line-height: 1; cursor: pointer; }`;
