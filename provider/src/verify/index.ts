export type { Subject } from "./subject";
export { loadSubjects } from "./subjects";
export type { BucketDifference, ColumnDifference, TargetReport, Verdict, VerifyOptions, VerifyProgress } from "./types";
export { type Verified, verify, verifySubject } from "./verify";
