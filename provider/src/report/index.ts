export { GATES, type Gate, tripped } from "./gate";
export { type Diagnostic, type Preview, type PreviewStep, readPreview } from "./preview";
export { DEFAULT_MAX, type ReportOptions, renderReport, SHORTEST } from "./report";
export { changesOf, lineageObjects, type ResourceChange } from "./resources";
