export { abortRepair, unfinishedRepairs } from "./operations";
export type { RepairOperation } from "./options";
export { repairTarget, resumeRepair } from "./repair";
