export { backfillViews, createWithBackfill, liveStatements, resumeBackfill } from "./backfill";
export { findUnfinished, type UnfinishedBackfill } from "./journals";
export { abortBackfill, resumableBackfills } from "./operations";
export type { BackfillOperation, BackfillProgress, RefillOptions } from "./options";
export { type BackfillPreview, previewBackfill } from "./preview";
export { sourceOf } from "./query";
