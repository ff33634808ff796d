/** Whether a value read from JSON has a shape. */
export type Shape = (value: unknown) => boolean;

export const isText: Shape = (value) => typeof value === "string";
export const isNumber: Shape = (value) => typeof value === "number";
export const isFlag: Shape = (value) => typeof value === "boolean";
/** Any line that is only looked for, or that only people read. */
export const isAnything: Shape = () => true;

/** `null` in addition; a line with it was taken back. */
export function orNull(shape: Shape): Shape {
  return (value) => value === null || shape(value);
}

/** A field that may be absent. */
export function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

/** One of some strings. */
export function oneOf(...words: readonly string[]): Shape {
  return (value) => words.some((word) => word === value);
}

/** Any of some shapes. */
export function anyOf(...shapes: readonly Shape[]): Shape {
  return (value) => shapes.some((shape) => shape(value));
}

export function listOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(shape);
}

/** An object whose values all have one shape. */
export function recordOf(shape: Shape): Shape {
  return (value) => isRecord(value) && Object.values(value).every(shape);
}

/** An object with these fields. Others are no error: an operation says by its version what older readers must not overlook. */
export function fields<T>(shapes: { readonly [Key in keyof T]-?: Shape }): Shape {
  const entries = Object.entries<Shape>(shapes);
  return (value) => isRecord(value) && entries.every(([key, shape]) => shape(value[key]));
}

/** The name of an object in a database. */
export const isName: Shape = fields<{ database: string; name: string }>({ database: isText, name: isText });

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
