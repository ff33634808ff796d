export { abortViewStep, resumableViews } from "./operations";
export type { ViewOperation } from "./options";
export { previewViewStep } from "./preview";
export { applyViewStep, resumeViewStep } from "./view-step";
