import type { Signal } from "../config";
import { logMaker } from "./logs";
import { metricMaker } from "./metrics";
import type { Period, Row, RowMaker } from "./period";
import { profileMaker } from "./profiles";
import { createRandom, hashText } from "./random";
import { EXPORTERS, spansOf, traceCount } from "./traces";

/** What is generated. The same options give the same rows in the same inserts. */
export interface GenerateOptions {
  readonly seed: number;
  /** Rows of each signal; of traces, up to 2 % less. */
  readonly rows: number;
  /** First moment, in milliseconds since 1970. */
  readonly start: number;
  /** The moment after the last, likewise. Some rows are up to two days older than `start`. */
  readonly end: number;
  /** Most rows of one insert. Default: 20,000. */
  readonly batch?: number;
  /** Times that the period is gone through, with a part of its rows each, every second time backwards. Default: 1. */
  readonly passes?: number;
  /** Default: all. */
  readonly signals?: readonly Signal[];
}

/** Rows of one insert. */
export interface Batch {
  readonly signal: Signal;
  readonly table: string;
  readonly rows: readonly Row[];
  /** Of traces: the service that exports. */
  readonly exporter?: string;
}

/** Where each signal's rows go. */
export const BASE_TABLES: Readonly<Record<Signal, string>> = {
  logs: "logs.logs_v1",
  metrics: "metrics.metrics_v1",
  traces: "traces.traces_v1",
  profiles: "profiles.profiling_v1",
};

const BATCH = 20_000;

/** Rows as OpenTelemetry writers would send them, the signals in turns. Holds one batch of each signal in memory. */
export function* generate(options: GenerateOptions): Generator<Batch> {
  const { seed, rows, start, end, batch = BATCH, passes = 1 } = options;
  const signals = options.signals ?? (Object.keys(BASE_TABLES) as Signal[]);
  const id = hashText(`${seed} ${start}`);
  const streams = signals.map((signal) => {
    const place = Object.keys(BASE_TABLES).indexOf(signal);
    const period: Period = { random: createRandom(seed + 1_000_003 * place), id, rows, start, end };
    return streamOf(signal, period, batch, passes);
  });
  while (streams.length > 0) {
    for (const stream of [...streams]) {
      const { done, value } = stream.next();
      if (done) streams.splice(streams.indexOf(stream), 1);
      else yield value;
    }
  }
}

function streamOf(signal: Signal, period: Period, batch: number, passes: number): Generator<Batch, void> {
  switch (signal) {
    case "logs":
      return single(signal, logMaker(period), period.rows, batch, passes);
    case "metrics":
      return single(signal, metricMaker(period), period.rows, batch, passes);
    case "profiles":
      return single(signal, profileMaker(period), period.rows, batch, passes);
    case "traces":
      return exported(period, batch, passes);
  }
}

function* single(signal: Signal, make: RowMaker, rows: number, batch: number, passes: number): Generator<Batch, void> {
  for (const numbers of order(rows, batch, passes))
    yield { signal, table: BASE_TABLES[signal], rows: numbers.map(make) };
}

function* exported(period: Period, batch: number, passes: number): Generator<Batch, void> {
  const signal = "traces";
  // Of a trace, the busiest service exports four spans.
  for (const traces of order(traceCount(period), Math.max(1, Math.floor(batch / 4)), passes)) {
    for (const exporter of EXPORTERS) {
      const rows = traces.flatMap((trace) => spansOf(period, trace, exporter));
      if (rows.length > 0) yield { signal, table: BASE_TABLES[signal], rows, exporter };
    }
  }
}

/** The numbers from 0 to below `count` in runs of `batch`. */
function* order(count: number, batch: number, passes: number): Generator<number[]> {
  for (let pass = 0; pass < passes; pass++) {
    const inPass = Math.ceil((count - pass) / passes);
    for (let from = 0; from < inPass; from += batch) {
      const length = Math.min(batch, inPass - from);
      yield Array.from({ length }, (_, at) => {
        const place = pass % 2 === 0 ? from + at : inPass - 1 - from - at;
        return place * passes + pass;
      });
    }
  }
}
