import { Call, type Value, type ValueMap } from "../../code/value";
import type { Measure } from "../../rollup/measures";
import * as measures from "../../rollup/measures";
import { withoutOuterBrackets } from "../../sql/fragments";
import { aggregateOf, callsIn, type Expression, parseExpression, type Call as SqlCall } from "../../sql/query";
import { looksLike } from "./text";

/** A measure, and the code that creates it. */
export interface FoundMeasure {
  readonly measure: Measure;
  readonly code: Call;
}

/** Calls of functions whose results a rollup keeps as plain values. */
const SIMPLE: ReadonlySet<string> = new Set(["count", "sum", "min", "max", "any", "anyLast", "sumMap"]);
const OR_NULL: ReadonlySet<string> = new Set(["min", "max", "any", "anyLast"]);
const UNIQ: Readonly<Record<string, string | undefined>> = {
  uniqCombined64: undefined,
  uniqExact: "exact",
  uniqHLL12: "hll12",
  uniqTheta: "theta",
  uniq: "adaptive",
};
const QUANTILES: Readonly<Record<string, string | undefined>> = {
  quantilesBFloat16: undefined,
  quantilesDD: "dd",
  quantilesTDigest: "tdigest",
  quantilesExact: "exact",
};

/** The measure that an expression over the source fills, the inverse of `rollup/measures`. A string says why there is none. */
export function measureOf(text: string): FoundMeasure | string {
  const call = wholeCall(text);
  const name = call && aggregateOf(call.name);
  if (call === undefined || name === undefined) return `\`${text}\` is not a call of an aggregate function`;
  const candidates = [histogramOf(text, call), namedOf(call, name.base, name.combinators), rawOf(text, call)];
  const found = candidates.find((code) => code !== undefined && looksLike(make(code).fill, text));
  if (found !== undefined) return { code: found, measure: make(found) };
  if (name.combinators.join() === "If" && OR_NULL.has(name.base))
    return `\`${text}\` is 0 or empty where no row meets the condition; a rollup keeps NULL there`;
  return `\`${text}\` keeps no state that merges`;
}

/** The measure that a call in the program returns. */
export function make({ name, args }: Call): Measure {
  const functions = measures as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Measure>>;
  const measure = functions[name]?.(...args);
  if (measure === undefined) throw new Error(`${name} is not a measure`);
  return measure;
}

/** The expression as a call, if it is nothing else. */
function wholeCall(text: string): SqlCall | undefined {
  const expression = parseExpression(text);
  if (expression === undefined) return undefined;
  const { cursor } = expression;
  const [call] = callsIn(expression);
  if (call === undefined || call.window || call.start !== cursor.tokens[cursor.position]?.start) return undefined;
  const first = cursor.closers.get(cursor.position + 1) ?? -1;
  const last = cursor.tokens[first + 1]?.text === "(" ? cursor.closers.get(first + 1) : first;
  return last === cursor.end - 1 ? call : undefined;
}

function namedOf(call: SqlCall, base: string, combinators: readonly string[]): Call | undefined {
  const hasCondition = combinators.at(-1) === "If";
  const rest = hasCondition ? combinators.slice(0, -1) : combinators;
  const args = texts(hasCondition ? call.arguments.slice(0, -1) : call.arguments);
  const condition = hasCondition ? call.arguments.at(-1)?.text : undefined;
  const options = { if: condition };
  const [first = "", second = ""] = args;
  if (rest.length === 0 && SIMPLE.has(base)) {
    const value = condition !== undefined && OR_NULL.has(base) ? withoutNullable(first) : first;
    return called(base, base === "count" ? [] : [value], options);
  }
  if (!rest.includes("State") || rest.some((one) => one !== "State" && one !== "OrNull")) return undefined;
  if (base === "avg") return called("avg", [first], options);
  if (base === "argMin" || base === "argMax") return called(base, [first, second], options);
  if (base in UNIQ) return called("uniq", [first], { algorithm: UNIQ[base], ...options });
  if (base in QUANTILES) return quantilesOf(base, texts(call.parameters).map(Number), first, options);
  const [limit] = call.parameters;
  if ((base === "groupArray" || base === "groupUniqArray") && limit !== undefined)
    return called(base, [first], { limit: Number(limit.text), ...options });
  return undefined;
}

function quantilesOf(base: string, parameters: readonly number[], text: string, options: ValueMap): Call {
  const isDd = base === "quantilesDD";
  const [accuracy, ...levels] = isDd ? parameters : [undefined, ...parameters];
  const algorithm = QUANTILES[base];
  return called("quantiles", [levels as Value, text], {
    algorithm,
    accuracy: accuracy === 0.01 ? undefined : accuracy,
    ...options,
  });
}

/** The expression that {@link measures.histogram} makes from its bounds. */
function histogramOf(text: string, call: SqlCall): Call | undefined {
  if (call.name !== "sumMapIf" || !text.includes("_bound")) return undefined;
  const inner = callsIn(expressionOf(call.arguments[0]));
  const value = inner.find(({ name }) => name === "toFloat64")?.arguments[0]?.text;
  const bounds = /\[([^\]]*), inf\]/.exec(text)?.[1]?.split(",").map(Number);
  if (value === undefined || bounds === undefined) return undefined;
  const plain = called("histogram", [bounds, value], {});
  const isNumber = make(plain).fill;
  if (looksLike(isNumber, text)) return plain;
  const [, condition] = /\bAND\b\s*([\s\S]*)$/.exec(call.arguments[1]?.text ?? "") ?? [];
  return condition === undefined
    ? undefined
    : called("histogram", [bounds, value], { if: withoutOuterBrackets(condition) });
}

/** Any other state. */
function rawOf(text: string, call: SqlCall): Call | undefined {
  if (!/State(If)?$/.test(call.name)) return undefined;
  const parameters = call.parameters.length === 0 ? "" : `(${texts(call.parameters).join(", ")})`;
  const merge = `${call.name.replace(/State(If)?$/, "Merge")}${parameters}`;
  return new Call("raw", [{ state: text, merge }]);
}

function called(name: string, args: readonly Value[], options: ValueMap): Call {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return new Call(name, Object.keys(given).length === 0 ? args : [...args, given]);
}

function withoutNullable(text: string): string {
  const call = wholeCall(text);
  return call?.name === "toNullable" ? (call.arguments[0]?.text ?? text) : text;
}

function expressionOf(expression: Expression | undefined): Expression {
  if (expression === undefined) throw new Error("a call has the argument");
  return expression;
}

function texts(expressions: readonly Expression[]): string[] {
  return expressions.map(({ text }) => text);
}
