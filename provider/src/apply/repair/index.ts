export { abortRepair, unfinishedRepairs } from "./operations";
export type { RepairOperation, RepairOptions, RepairResult } from "./options";
export { repairTarget, resumeRepair } from "./repair";
