export type * from "./changes";
