export { backfillViews, createWithBackfill, liveStatements, resumeBackfill } from "./backfill";
export { findUnfinished, type UnfinishedBackfill } from "./journals";
export { abortBackfill, resumableBackfills } from "./operations";
export {
  type BackfillHooks,
  type BackfillLimits,
  type BackfillOperation,
  type BackfillOptions,
  type BackfillProgress,
  type BackfillResult,
  type BackfillStep,
  DEFAULT_CHUNK,
  DEFAULT_MEMORY,
  type RefillOptions,
} from "./options";
export { type BackfillPreview, previewBackfill, type SourcePreview } from "./preview";
export { sourceOf, triggerOf } from "./query";
