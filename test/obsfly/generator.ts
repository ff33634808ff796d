/*
 * Rows as OpenTelemetry writers would send them, made inside the engine: every value is a hash of the row's number, so
 * the same `now` gives the same rows. Inserts interleave (each holds a share of every bucket), some run backwards in
 * time, and the last of most signals brings rows that are a day or two late.
 */

export interface GeneratedInsert {
  query: string;
  signal: "logs" | "metrics" | "traces" | "profiles";
  /** The map of services is drawn before this insert too, from what is there by then. */
  refreshBefore?: boolean;
}

/** Six hours of data end a minute before now. */
const hours = 6;
const shares = 6;

/** HTTP statuses as found in the wild, and what they stand for. */
export const statuses = {
  fine: ["200", "204", "301", "101"],
  failed: ["400", "404", "499", "500", "503", "599"],
  // '65936' is 400 in sixteen bits; '4' and 'ok' are greater than '400' as text.
  unknown: ["", "ok", "4", "5", "14", "600", "700", "65936", "-404", "404 ", "4xx"],
};

const list = (values: readonly string[]) => `[${values.map((value) => `'${value}'`).join(", ")}]`;
const hash = (salt: number | string) => `cityHash64(number, '${salt}')`;
/** A fraction in [0, 1). */
const fraction = (salt: number | string) => `(${hash(salt)} % 1000003 / 1000003)`;
const pick = (values: readonly string[], salt: number | string) =>
  `${list(values)}[1 + ${hash(salt)} % ${values.length}]`;

/** Four accounts on three plans; the fourth changes its plan in the middle of the data, within an hour. */
const account = `1 + ${hash("account")} % 4`;
const plan = (time: string, middle: number) =>
  `[7, 30, 90, if(${time} < toDateTime64(${middle}.123, 9, 'UTC'), 30, 90)][AccountId]`;

/** Every insert of a run, in order. `now` in seconds since 1970. */
export function generate(now: number): GeneratedInsert[] {
  const end = now - 60;
  const start = end - hours * 3600;
  const middle = Math.floor((start + end) / 2);
  const context = { start, end, middle };
  return [...metrics(context), ...nodes(context), ...logs(context), ...profiles(context), ...traces(context)];
}

interface Context {
  start: number;
  end: number;
  middle: number;
}

/** Rows `0..count`, spread evenly over the time, in interleaved inserts. */
function spread(count: number, { start, end }: Context, insert: (rows: string, time: string) => string): string[] {
  const nanoseconds = BigInt(end - start) * 1_000_000_000n;
  const step = nanoseconds / BigInt(count);
  return Array.from({ length: shares }, (_, share) => {
    const late =
      share === shares - 1
        ? `- if(${hash("late")} % 10 = 0, toIntervalHour(24 + ${hash("hours")} % 24), toIntervalHour(0))`
        : "";
    const time =
      `fromUnixTimestamp64Nano(toInt64(${BigInt(start) * 1_000_000_000n} + number * ${step} ` +
      `+ ${hash("jitter")} % ${step}), 'UTC') ${late}`;
    const order = share % 2 === 1 ? "ORDER BY number DESC" : "";
    return insert(`(SELECT number FROM numbers(${count}) WHERE number % ${shares} = ${share} ${order})`, time);
  });
}

function metrics(context: Context): GeneratedInsert[] {
  const head = (time: string) => `${time} AS Timestamp, ${account} AS AccountId, ${plan("Timestamp", context.middle)}`;
  const services = ["frontend", "checkout", "payments", "mailer", "search"];
  const samples = spread(120_000, context, (rows, time) => {
    const name = pick(
      ["queue_depth", "temperature_celsius", "payload_bytes", "nodejs_heap_bytes", "stale_only"],
      "metric",
    );
    return `
      INSERT INTO metrics.metrics_v1
        (Timestamp, AccountId, RetentionDays, ServiceName, Pod, MetricName, MetricType, Value, Labels, Bytes)
      SELECT ${head(time)}, ${pick(services, "service")}, 'pod-1', ${name} AS name, 'gauge',
        multiIf(name = 'stale_only' OR ${hash("nan")} % 997 = 0, nan,
                ${hash("inf")} % 1999 = 0, if(${hash("sign")} % 2 = 0, inf, -1.79e308),
                name = 'queue_depth', toFloat64(${hash("value")} % 50),
                name = 'temperature_celsius', ${fraction("value")} * 80 - 30,
                exp(${fraction("value")} * 14)),
        map('zone', toString(${hash("zone")} % 3)), 100 + ${hash("bytes")} % 100
      FROM ${rows}`;
  });
  const requests = spread(60_000, context, (rows, time) => {
    const pod = `if(${hash("nopod")} % 20 = 0, '', concat('pod-', toString(${hash("pod")} % 40)))`;
    const status = `multiIf(${hash("kind")} % 10 < 6, ${pick(statuses.fine, "status")},
                            ${hash("kind")} % 10 < 8, ${pick(statuses.failed, "status")},
                            ${pick(statuses.unknown, "status")})`;
    return `
      INSERT INTO metrics.metrics_v1
        (Timestamp, AccountId, RetentionDays, ServiceName, Pod, MetricName, MetricType, Value, Labels, Bytes)
      SELECT ${head(time)}, ${pick(services, "service")}, ${pod},
        'container_http_requests_duration_seconds_total', 'gauge',
        multiIf(${hash("nan")} % 499 = 0, nan, ${hash("negative")} % 499 = 0, -1, exp(${fraction("value")} * 8 - 6)),
        if(${hash("nostatus")} % 100 = 0, map('method', 'GET'), map('method', 'GET', 'status', ${status})),
        200
      FROM ${rows}`;
  });
  return [...samples, ...requests].map((query) => ({ query, signal: "metrics" }));
}

/**
 * Five hosts report ten series every fifteen seconds. Host n restarts n times (its counters begin at zero), at a
 * minute's start or in its midst; host-4 is silent for ten minutes; host-5 is renamed halfway.
 */
function nodes({ start, middle }: Context): GeneratedInsert[] {
  const series: [metric: string, labels: string, rate: number | "gauge"][] = [
    ["node_resources_cpu_usage_seconds_total", "map('mode', 'user')", 1.2],
    ["node_resources_cpu_usage_seconds_total", "map('mode', 'system')", 0.4],
    ["node_resources_cpu_usage_seconds_total", "map('mode', 'idle')", 2.2],
    ["node_resources_cpu_usage_seconds_total", "map('mode', 'iowait')", 0.2],
    ["node_resources_disk_io_time_seconds_total", "map('device', 'sda')", 0.3],
    ["node_resources_disk_io_time_seconds_total", "map('device', 'sdb')", 0.05],
    ["node_net_received_bytes_total", "map('interface', 'eth0')", 250_000],
    ["node_net_transmitted_bytes_total", "map('interface', 'eth0')", 90_000],
    ["node_resources_memory_total_bytes", "map()", "gauge"],
    ["node_resources_memory_free_bytes", "map()", "gauge"],
  ];
  const perHost = (hours * 3600) / 15;
  const rows = 5 * series.length * perHost;
  const column = (values: string[]) => `[${values.join(", ")}][1 + intDiv(number, 5) % ${series.length}]`;
  return Array.from({ length: shares }, (_, share) => ({
    signal: "metrics" as const,
    query: `
      INSERT INTO metrics.metrics_v1
        (Timestamp, AccountId, RetentionDays, HostId, HostName, HostIP, MetricName, MetricType, Value, Labels, Bytes)
      WITH 1 + number % 5 AS host, intDiv(number, 5 * ${series.length}) AS step,
           -- Steps since the last restart. Every 301st step of host 1, every 150th of host 2 and so on.
           step % intDiv(301, host) AS age,
           ${column(series.map(([, , rate]) => (rate === "gauge" ? "-1." : rate.toFixed(2))))} AS rate,
           ${column(series.map(([metric]) => `'${metric}'`))} AS metric
      SELECT toDateTime64(${start}, 9, 'UTC') + toIntervalMillisecond(step * 15000 + host * 700) AS Timestamp,
        1 + host % 4 AS AccountId, ${plan("Timestamp", middle)}, concat('host-', toString(host)),
        concat('node-', toString(host), if(host = 5 AND Timestamp > toDateTime64(${middle}, 9, 'UTC'), '-new', '')),
        concat('10.0.0.', toString(host)), metric, if(rate < 0, 'gauge', 'counter'),
        multiIf(${hash("stale")} % 2003 = 0, nan,
                metric = 'node_resources_memory_total_bytes', 16e9,
                rate < 0, 4e9 + ${hash("free")} % 1000000000,
                -- Fifteen seconds at the rate, up to 90 % of it late: never falls but on a restart.
                rate * 15 * (age + 0.9 * ${fraction("counter")})),
        CAST(${column(series.map(([, labels]) => `CAST(${labels}, 'Map(String, String)')`))}, 'Map(String, String)'), 90
      FROM (SELECT number FROM numbers(${rows}) WHERE intDiv(number, 50) % ${shares} = ${share})
      WHERE NOT (host = 4 AND step BETWEEN 401 AND 440)`,
  }));
}

function logs(context: Context): GeneratedInsert[] {
  return spread(210_000, context, (rows, time) => {
    const severity = `multiIf(${hash("severity")} % 100 < 70, 'INFO', ${hash("severity")} % 100 < 90, 'WARN', 'ERROR')`;
    return `
      INSERT INTO logs.logs_v1
        (Timestamp, AccountId, RetentionDays, ServiceName, SeverityText, Body, BodyHash, PatternHash, Bytes)
      SELECT ${time} AS Timestamp, ${account} AS AccountId, ${plan("Timestamp", context.middle)},
        ${pick(["frontend", "checkout", "payments", "mailer", "search"], "service")}, ${severity},
        concat('request ', toString(${hash("body")} % 3000), ' took long, pattern ', toString(${hash("body")} % 30)) AS body,
        if(${hash("nohash")} % 25 = 0, '', hex(cityHash64(body))),
        concat('p', toString(${hash("body")} % 30)), length(body)
      FROM ${rows}`;
  }).map((query) => ({ query, signal: "logs" }));
}

function profiles(context: Context): GeneratedInsert[] {
  return spread(200_000, context, (rows, time) => {
    const stack = `${hash("stack")} % 40`;
    return `
      INSERT INTO profiles.profiling_v1
        (Timestamp, AccountId, RetentionDays, ServiceName, ProfileType, Runtime, StackHash, FunctionNames, FunctionFiles,
         SampleValue, SampleCount, Bytes)
      SELECT ${time} AS Timestamp, ${account} AS AccountId, ${plan("Timestamp", context.middle)},
        ${pick(["frontend", "checkout"], "service")}, ${pick(["cpu", "heap"], "type")}, ${pick(["go", "python"], "runtime")},
        cityHash64(${stack}, 'stack'), ['main', concat('f', toString(${stack}))], ['main.go', concat(toString(${stack}), '.go')],
        -- Stack 7 was seen, with nothing: its sums are zero, and it must stay.
        if(${stack} = 7, 0, ${hash("value")} % 10000000), if(${stack} = 7, 0, 1 + ${hash("count")} % 5), 300
      FROM ${rows}`;
  }).map((query) => ({ query, signal: "profiles" }));
}

/**
 * 30,000 traces of eight spans. Each service exports its own spans, so a parent and its child come in different inserts;
 * payments comes last, and not at all for one trace in nine (its caller still names it, as `payments-api`).
 */
function traces({ start, end }: Context): GeneratedInsert[] {
  const count = 30_000;
  const step = (BigInt(end - start) * 1_000_000_000n) / BigInt(count);
  // [service, span, parent, kind, operation, peer]
  const spans: [string, number, number, number, string, string][] = [
    ["checkout", 3, 2, 2, "POST /order", ""],
    ["checkout", 4, 3, 3, "charge", "payments-api"],
    ["checkout", 6, 3, 3, "SELECT order", "postgres"],
    ["checkout", 7, 3, 4, "publish order", "queue"],
    ["mailer", 8, 7, 5, "consume order", ""],
    ["frontend", 1, 0, 2, "GET /checkout", ""],
    ["frontend", 2, 1, 3, "POST checkout", "checkout"],
    ["payments", 5, 4, 2, "POST /charge", ""],
  ];
  const services = [...new Set(spans.map(([service]) => service))];
  const inserts = services.flatMap((service) => [0, 1].map((half) => ({ service, half })));
  return inserts.map(({ service, half }) => {
    const own = spans.filter(([name]) => name === service);
    const column = (values: (string | number)[]) =>
      `[${values.map((value) => (typeof value === "string" ? `'${value}'` : value)).join(", ")}][1 + number % ${own.length}]`;
    return {
      signal: "traces",
      refreshBefore: service === "payments" && half === 0,
      query: `
        INSERT INTO traces.traces_v1
          (Timestamp, AccountId, RetentionDays, TraceId, SpanId, ParentSpanId, ServiceName, Name, Kind,
           StartTimeUnixNano, EndTimeUnixNano, StatusCode, Attributes, Bytes)
        WITH intDiv(number, ${own.length}) AS trace, ${column(own.map(([, span]) => span))} AS span,
             ${column(own.map(([, , parent]) => parent))} AS parent, ${column(own.map(([, , , , , peer]) => peer))} AS peer,
             -- A child starts a little after its parent; mailer's clock is two minutes slow.
             toUInt64(${BigInt(start) * 1_000_000_000n} + trace * ${step} + span * 1000000
               - ${service === "mailer" ? 120_000_000_000 : 0}) AS began
        SELECT fromUnixTimestamp64Nano(toInt64(began), 'UTC'), 1 + trace % 4 AS AccountId, [7, 30, 90, 30][AccountId],
          concat('trace-', toString(trace)), concat('span-', toString(span)),
          if(parent = 0, '', concat('span-', toString(parent))), '${service}', ${column(own.map(([, , , , name]) => name))},
          ${column(own.map(([, , , kind]) => kind))},
          if(${hash("nostart")} % 1511 = 0, 0, began),
          multiIf(${hash("open")} % 211 = 0, 0, ${hash("backward")} % 503 = 0, began - 1000,
                  began + toUInt64(exp(${fraction("duration")} * 7) * 100000)),
          multiIf(${hash("code")} % 20 = 0, 2, ${hash("code")} % 20 < 5, 1, 0),
          if(peer = '', map(), map('peer.service', peer)), 400
        FROM numbers(${count * own.length})
        WHERE intDiv(trace, 4) % 2 = ${half} ${service === "payments" ? "AND trace % 9 != 0" : ""}`,
    };
  });
}
