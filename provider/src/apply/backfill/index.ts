export { backfillViews, createWithBackfill, liveStatements } from "./backfill";
export { findUnfinished, type UnfinishedBackfill } from "./journals";
export type { BackfillProgress, RefillOptions } from "./options";
export { type BackfillPreview, previewBackfill } from "./preview";
export { BACKFILL } from "./protocol";
export { sourceOf } from "./query";
