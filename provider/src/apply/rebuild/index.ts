export { isWorkingTable, newOperation } from "../../operation/names";
export { abortRebuild, resumable } from "./operations";
export type { Operation, RebuildHooks, RebuildOptions, RebuildProgress, RebuildResult, RebuildStep } from "./options";
export { type PreviewOptions, previewRebuild, type RebuildPreview } from "./preview";
export { rebuildTable, resumeRebuild } from "./rebuild";
export { type RetiredTable, removeRetired, retiredTables, workingTables } from "./retired";
export { type SelfTest, selfTest } from "./self-test";
