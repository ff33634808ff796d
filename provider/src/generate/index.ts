export { type Draft, type Drafts, draftsOf } from "./drafts";
export { type ImportedResource, type ImportFile, importFile } from "./import-file";
export { generateProgram, type Program, writeProgram } from "./program";
export { type FoundRollup, type FoundRollups, findRollups } from "./rollups/find";
export { type Part, partsOf } from "./rollups/parts";
export { scaffold } from "./scaffold";
