export { isWorkingTable, newOperation } from "../../operation/names";
export { type RetiredTable, removeRetired, retiredTables, workingTables } from "./old-tables";
export { abortRebuild, resumable } from "./operations";
export type { Operation, RebuildProgress } from "./options";
export { previewRebuild, type RebuildPreview } from "./preview";
export { rebuildTable, resumeRebuild } from "./rebuild";
export { selfTest } from "./self-test";
