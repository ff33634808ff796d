export { renderStatusPage } from "./page";
export { readStatus } from "./read";
export { renderStatusTable } from "./table";
export { isUnknown, type ServerStatus, type ViewStatus } from "./view-status";
