import { account, FIRST_SALT, type Moment, momentText, nanoText, type Period, type Row, resourceOf } from "./period";
import { hex } from "./random";

type Span = readonly [service: string, span: number, parent: number, kind: number, operation: string, peer: string];

/** One checkout. Kinds as OTLP has them: 2 server, 3 client, 4 producer, 5 consumer. */
const SPANS: readonly Span[] = [
  ["checkout", 3, 2, 2, "POST /order", ""],
  ["checkout", 4, 3, 3, "charge", "payments-api"],
  ["checkout", 6, 3, 3, "SELECT order", "postgres"],
  ["checkout", 7, 3, 4, "publish order", "queue"],
  ["mailer", 8, 7, 5, "consume order", ""],
  ["frontend", 1, 0, 2, "GET /checkout", ""],
  ["frontend", 2, 1, 3, "POST checkout", "checkout"],
  ["payments", 5, 4, 2, "POST /charge", ""],
];

/** Services in the order in which they export; payments comes last. */
export const EXPORTERS: readonly string[] = [...new Set(SPANS.map(([service]) => service))];

const SLOW_CLOCK = 120_000;

/** Traces that make `rows` spans, when every span is there. */
export function traceCount({ rows }: Period): number {
  return Math.max(1, Math.ceil(rows / SPANS.length));
}

/**
 * The spans of a trace that one service exports. Services export on their own, so a parent and its child come in different inserts. Of one
 * trace in nine payments sends nothing; its caller still names it. Mailer's clock is two minutes slow. Some spans have no end
 * yet, no start, or one behind the other.
 */
export function spansOf(period: Period, trace: number, service: string): Row[] {
  if (service === "payments" && trace % 9 === 0) return [];
  return SPANS.filter(([name]) => name === service).map((span) => spanRow(period, trace, span));
}

function spanId({ random }: Period, trace: number, span: number): string {
  return hex(random.hash(trace, FIRST_SALT + 8)) + hex(span);
}

function spanRow(period: Period, trace: number, [service, span, parent, kind, operation, peer]: Span): Row {
  const { random, start, end } = period;
  const index = trace * 8 + span - 1;
  const at = start + Math.floor(((end - start) * trace) / traceCount(period)) + span;
  const began: Moment = {
    milliseconds: service === "mailer" ? at - SLOW_CLOCK : at,
    nanoseconds: random.hash(trace, FIRST_SALT) % 1_000_000,
  };
  const took = Math.exp(random.fraction(index, FIRST_SALT + 1) * 7) / 10;
  const isOpen = random.oneIn(211, index, FIRST_SALT + 2);
  const isBackward = random.oneIn(503, index, FIRST_SALT + 3);
  const ended = { ...began, milliseconds: began.milliseconds + (isBackward ? -1 : Math.ceil(took)) };
  const code = random.hash(index, FIRST_SALT + 4) % 20;
  return {
    Timestamp: momentText(began),
    ...account(period, 1 + trace, began),
    TraceId: period.id + hex(random.hash(trace, FIRST_SALT + 7)) + hex(trace),
    SpanId: spanId(period, trace, span),
    ParentSpanId: parent === 0 ? "" : spanId(period, trace, parent),
    ServiceName: service,
    Name: operation,
    Kind: kind,
    StartTimeUnixNano: random.oneIn(1511, index, FIRST_SALT + 5) ? 0 : nanoText(began),
    EndTimeUnixNano: isOpen ? 0 : nanoText(ended),
    StatusCode: code === 0 ? 2 : code < 5 ? 1 : 0,
    StatusMessage: code === 0 ? "deadline exceeded" : "",
    Attributes: peer === "" ? {} : { "peer.service": peer },
    ResourceAttributes: resourceOf(service, random.hash(trace, FIRST_SALT + 6) % 40),
    Bytes: 400,
  };
}
