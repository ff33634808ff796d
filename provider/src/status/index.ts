export { renderStatusPage } from "./page";
export { readStatus, type StatusOptions } from "./read";
export { renderStatusTable, type TableOptions } from "./table";
export {
  type Buckets,
  isUnknown,
  type Lag,
  type RefreshStatus,
  type ServerStatus,
  type SourceStatus,
  type Unknown,
  type ViewStatus,
} from "./view-status";
