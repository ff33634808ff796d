export { createRenaming, nameAfter, type Renamed, type Renaming, renamedTo } from "./names";
export { abortRename, resumableRenames } from "./operations";
export type { RenameHooks, RenameOperation, RenameOptions, RenameResult } from "./options";
export { previewRename, type RenamePreview } from "./preview";
export { renameObject, resumeRename } from "./rename";
export { rewrite } from "./rewrite";
export type { Rewritten } from "./scan";
