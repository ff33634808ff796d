export { hazard, hazardCalled, NEED_ALLOW, unasked } from "./hazards";
export type * from "./plan";
export { absentQueries, nullQuery, type ProbeQueries, pastQuery, probeQueries, unmergedQuery } from "./probe";
export { replaceStatement } from "./rebuild";
export { renderMessage, renderPlan, renderSize, showPlan, showSecretPlan } from "./render";
export { readShown, remark, renderShown, type ShownStep } from "./shown";
