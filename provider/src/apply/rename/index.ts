export type { Renamed, Renaming } from "./names";
export type { RenameOptions, RenameResult } from "./options";
export { previewRename } from "./preview";
export { RENAME } from "./protocol";
export { renameObject } from "./rename";
export { rewrite } from "./rewrite";
