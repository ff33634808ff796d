import type * as pulumi from "@pulumi/pulumi";

/** Values of outputs, as far as the program states them: known before the resource is. */
const values = new WeakMap<object, unknown>();

/** Records the value that an output will have; nothing if that is not known yet. */
export function foretell(output: pulumi.Output<unknown>, value: unknown): void {
  if (value !== undefined) values.set(output, value);
}

/** A value with each output whose value was foretold replaced by that, however deep; other outputs stay. */
export function foreknown(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (values.has(value)) return values.get(value);
  if (Array.isArray(value)) return value.map(foreknown);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, foreknown(one)]));
}

/** The text of a template, if each of its values is known. */
export function foreknownText(strings: TemplateStringsArray, given: readonly unknown[]): string | undefined {
  const known = given.map(foreknown);
  if (!known.every((one) => typeof one === "string" || typeof one === "number")) return undefined;
  return strings.reduce((text, part, index) => `${text}${known[index - 1]}${part}`);
}
