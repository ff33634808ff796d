export type { Renamed, Renaming } from "./names";
export { abortRename, resumableRenames } from "./operations";
export type { RenameOperation, RenameOptions, RenameResult } from "./options";
export { previewRename } from "./preview";
export { renameObject, resumeRename } from "./rename";
export { rewrite } from "./rewrite";
