export { abortViewStep, resumableViews } from "./operations";
export type { ViewHooks, ViewOperation, ViewPhase, ViewStepOptions, ViewStepResult } from "./options";
export { applyViewStep, resumeViewStep } from "./view-step";
