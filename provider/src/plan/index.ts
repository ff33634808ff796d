export { currentWord, hazard, NEED_ALLOW, NOT_ASKED, unasked } from "./hazards";
export type * from "./plan";
export { absentQueries, nullQuery, type ProbeQueries, pastQuery, probeQueries, unmergedQuery } from "./probe";
export { replaceStatement } from "./rebuild";
export { renderMessage, renderPlan, renderSize } from "./render";
