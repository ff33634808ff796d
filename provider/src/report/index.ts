export { GATES, type Gate, tripped } from "./gate";
export { type Preview, type PreviewStep, readPreview } from "./preview";
export { readRehearsal } from "./rehearsal";
export { DEFAULT_MAX, renderReport, SHORTEST } from "./report";
export { changesOf } from "./resources";
