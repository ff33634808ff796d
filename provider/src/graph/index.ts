export { renderDot } from "./dot";
export { around, connected, only } from "./groups";
export { type PageOptions, renderHtml } from "./html";
export {
  type EdgeKind,
  type Lineage,
  type LineageEdge,
  type LineageNode,
  lineageOf,
  type NodeKind,
  type OpaqueObject,
} from "./lineage";
export { type Mark, type Marks, NO_MARKS } from "./marks";
export { renderMermaid } from "./mermaid";
