export { isWorkingTable, newOperation } from "../../operation/names";
export { type RetiredTable, removeRetired, retiredTables, workingTables } from "./old-tables";
export type { RebuildProgress } from "./options";
export { previewRebuild, type RebuildPreview } from "./preview";
export { REBUILD } from "./protocol";
export { rebuildTable } from "./rebuild";
export { selfTest } from "./self-test";
