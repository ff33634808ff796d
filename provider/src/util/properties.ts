/** Values by name, as JSON or Pulumi hands them over; nothing is known of them yet. */
export type Properties = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isProperties(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON object; an empty one for any other value. */
export function propertiesOf(value: unknown): Properties {
  return isProperties(value) ? value : {};
}
