import { SchemaError } from "../errors";
import { isProperties, type Properties, propertiesOf } from "../util/properties";

/** The output of `pulumi preview --json`, as far as a report needs it. */
export interface Preview {
  readonly steps: readonly PreviewStep[];
  readonly diagnostics: readonly Diagnostic[];
  /** Resources by operation, of every kind, including unchanged ones. */
  readonly changeSummary: Readonly<Record<string, number>>;
  /** Stack config; secrets are `[secret]`. */
  readonly config: Properties;
}

/** One resource. A deleted one has only `oldState`. */
export interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: StepState;
  readonly newState?: StepState;
  readonly replaceReasons?: readonly string[];
}

export interface StepState {
  readonly type?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** A message of the engine or of a provider; without `urn` it is about the whole stack. */
export interface Diagnostic {
  readonly urn?: string;
  readonly message: string;
  readonly severity: "error" | "warning" | "info";
}

/** What Pulumi prints in place of a secret. */
export const SECRET = "[secret]";

/** The key by which Pulumi marks an object as a placeholder for a secret. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/**
 * Reads the output of `pulumi preview --json`: as one object, possibly with other lines around it, or as events line by line
 * (`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true`).
 *
 * @throws {SchemaError} when it is neither.
 */
export function readPreview(text: string): Preview {
  const found = previewAmong(text) ?? previewOfEvents(text);
  if (found !== undefined) return found;
  const start = text.trim().slice(0, 60).replace(/\s+/g, " ");
  throw new SchemaError(
    "input-unreadable",
    `Expected the output of \`pulumi preview --json\`, an object with "steps" or "diagnostics", but found ` +
      `${start === "" ? "nothing" : JSON.stringify(start)}. Run: pulumi preview --json > preview.json (what failed is in its stderr)`,
  );
}

/** Every JSON object of a string that is on separate lines: tools print other lines around theirs. */
export function objectsAmong(text: string): Properties[] {
  const clean = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const whole = parseObject(clean);
  if (whole !== undefined) return [whole];
  const lines = clean.split("\n");
  return lines.flatMap((line, start) => {
    if (line.startsWith("{") && line.length > 1) return listed(parseObject(line));
    const length = line.trimEnd() === "{" ? lines.slice(start).findIndex((end) => end.trimEnd() === "}") : -1;
    return length < 0 ? [] : listed(parseObject(lines.slice(start, start + length + 1).join("\n")));
  });
}

function previewAmong(text: string): Preview | undefined {
  const found = objectsAmong(text).find((one) => "steps" in one || "diagnostics" in one || "changeSummary" in one);
  if (found === undefined) return undefined;
  return {
    steps: objects(found["steps"]).flatMap(stepOf),
    diagnostics: objects(found["diagnostics"]).flatMap((one) => diagnosticOf(one, one["severity"])),
    changeSummary: counts(found["changeSummary"]),
    config: propertiesOf(found["config"]),
  };
}

function previewOfEvents(text: string): Preview | undefined {
  const events = text.split("\n").flatMap((line) => (line.startsWith("{") ? listed(parseObject(line)) : []));
  const all = (name: string): Properties[] => events.flatMap((event) => listed(event[name]));
  const steps = all("resourcePreEvent").flatMap(({ metadata }) => {
    const { op, urn, old, new: news } = propertiesOf(metadata);
    return stepOf({ op, urn, oldState: old, newState: news });
  });
  const [summary] = all("summaryEvent");
  if (steps.length === 0 && summary === undefined) return undefined;
  return {
    steps,
    diagnostics: all("diagnosticEvent").flatMap((one) => diagnosticOf(one, one["severity"])),
    changeSummary: counts(summary?.["resourceChanges"]),
    config: propertiesOf(all("preludeEvent")[0]?.["config"]),
  };
}

function stepOf(found: Properties): PreviewStep[] {
  const { op, urn, replaceReasons } = found;
  if (typeof op !== "string" || typeof urn !== "string") return [];
  const [oldState, newState] = [stateOf(found["oldState"]), stateOf(found["newState"])];
  const reasons = Array.isArray(replaceReasons) ? replaceReasons.filter((one) => typeof one === "string") : [];
  return [
    {
      op,
      urn,
      ...(oldState && { oldState }),
      ...(newState && { newState }),
      ...(reasons.length > 0 && { replaceReasons: reasons }),
    },
  ];
}

function stateOf(value: unknown): StepState | undefined {
  const found = asProperties(value);
  if (found === undefined) return undefined;
  const { type } = found;
  const [inputs, outputs] = [found["inputs"], found["outputs"]].map((side) => withoutSecrets(asProperties(side)));
  return { ...(typeof type === "string" && { type }), ...(inputs && { inputs }), ...(outputs && { outputs }) };
}

/** Secrets in one form: events and states contain an object with the encrypted value in their place. */
function withoutSecrets(values: Properties | undefined): Properties | undefined {
  if (values === undefined) return undefined;
  const isSecret = (value: unknown): boolean => isProperties(value) && SECRET_MARK in value;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, isSecret(value) ? SECRET : value]));
}

function diagnosticOf(found: Properties, severity: unknown): Diagnostic[] {
  const { urn, message } = found;
  // `debug`, and what the program itself writes to stderr (`info#err`), are not findings.
  const isFinding = severity === "error" || severity === "warning" || severity === "info";
  if (typeof message !== "string" || !isFinding) return [];
  return [{ ...(typeof urn === "string" && urn !== "" && { urn }), message: plainText(message), severity }];
}

/** Without terminal colours, be they the engine's own marks or escape codes, and without the leading severity. */
function plainText(message: string): string {
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, "g");
  return (
    message
      .replace(/<\{%[^%]*%\}>/g, "")
      .replace(escapes, "")
      .replace(/^(?:error|warning|info): /, "")
      // The resource has its own row here.
      .replace(/^\S+ resource '[^'\n]*' has a problem: /, "")
      .trim()
  );
}

function parseObject(text: string): Properties | undefined {
  try {
    return asProperties(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asProperties(value: unknown): Properties | undefined {
  return isProperties(value) ? value : undefined;
}

function objects(value: unknown): Properties[] {
  return Array.isArray(value) ? value.flatMap(listed) : [];
}

function listed(value: unknown): Properties[] {
  const found = asProperties(value);
  return found === undefined ? [] : [found];
}

function counts(value: unknown): Record<string, number> {
  const entries = Object.entries(propertiesOf(value));
  return Object.fromEntries(entries.flatMap(([op, count]) => (typeof count === "number" ? [[op, count]] : [])));
}
