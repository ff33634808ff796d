export { abortViewStep, resumableViews } from "./operations";
export type { ViewHooks, ViewOperation, ViewPhase, ViewStepOptions, ViewStepResult } from "./options";
export { previewViewStep, type ViewStepPreview } from "./preview";
export { applyViewStep, resumeViewStep } from "./view-step";
