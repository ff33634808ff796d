export { renderDot } from "./dot";
export { around, connected } from "./groups";
export { renderHtml } from "./html";
export { type Lineage, lineageOf, type OpaqueObject } from "./lineage";
export { type Mark, type Marks, NO_MARKS } from "./marks";
export { renderMermaid } from "./mermaid";
