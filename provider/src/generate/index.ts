export { type ImportedResource, type ImportFile, importFile } from "./import-file";
export { generateProgram, type Program, type ProgramOptions } from "./program";
export type { PlacedResource } from "./resources";
export { scaffold } from "./scaffold";
