export type { Subject } from "./subject";
export { loadSubjects } from "./subjects";
export type { TargetReport, VerifyOptions } from "./types";
export { type Verified, verify, verifySubject } from "./verify";
