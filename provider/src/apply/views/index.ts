export { previewViewStep } from "./preview";
export { VIEW } from "./protocol";
export { applyViewStep } from "./view-step";
