export { type Verified, verify, verifySubject } from "./verify";
export { loadSubjects } from "./subjects";
export type { Subject } from "./subject";
export type { BucketDifference, ColumnDifference, TargetReport, Verdict, VerifyOptions, VerifyProgress } from "./types";
