export { abortRebuild, removeRetired, resumable } from "./operations";
export type { Operation, RebuildHooks, RebuildOptions, RebuildProgress, RebuildResult, RebuildStep } from "./options";
export { rebuildTable, resumeRebuild } from "./rebuild";
export { type SelfTest, selfTest } from "./self-test";
