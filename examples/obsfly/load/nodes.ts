import { account, FIRST_SALT, type Moment, momentText, type Period, type Row, type RowMaker } from "./period";

/** Name, label, and growth a second; `gauge` for what does not grow. */
const SERIES: readonly (readonly [metric: string, labels: Row, rate: number | "gauge"])[] = [
  ["node_resources_cpu_usage_seconds_total", { mode: "user" }, 1.2],
  ["node_resources_cpu_usage_seconds_total", { mode: "system" }, 0.4],
  ["node_resources_cpu_usage_seconds_total", { mode: "idle" }, 2.2],
  ["node_resources_cpu_usage_seconds_total", { mode: "iowait" }, 0.2],
  ["node_resources_disk_io_time_seconds_total", { device: "sda" }, 0.3],
  ["node_resources_disk_io_time_seconds_total", { device: "sdb" }, 0.05],
  ["node_net_received_bytes_total", { interface: "eth0" }, 250_000],
  ["node_net_transmitted_bytes_total", { interface: "eth0" }, 90_000],
  ["node_resources_memory_total_bytes", {}, "gauge"],
  ["node_resources_memory_free_bytes", {}, "gauge"],
];
/** Seconds between two looks at a host. */
const INTERVAL = 15;
/** Part of the metrics' rows. */
const SHARE = 0.4;

interface Fleet {
  readonly hosts: number;
  readonly steps: number;
}

/** As many hosts as it takes to fill the share, looked at every fifteen seconds; in a small load, less often. */
function fleetOf({ start, end, rows }: Period): Fleet {
  const wanted = rows * SHARE;
  const looks = Math.max(1, Math.floor((end - start) / 1000 / INTERVAL));
  const hosts = Math.max(1, Math.floor(wanted / (looks * SERIES.length)));
  return { hosts, steps: Math.min(looks, Math.max(1, Math.floor(wanted / (hosts * SERIES.length)))) };
}

/** How many of the metrics' rows are about nodes. */
export function nodeRows(period: Period): number {
  const { hosts, steps } = fleetOf(period);
  return Math.min(period.rows, hosts * steps * SERIES.length);
}

/**
 * Series of hosts. Counters begin at zero when their host restarts, some hosts often, at a minute's start or in its midst; the fourth
 * host is silent now and then, and the fifth is renamed halfway.
 */
export function nodeMaker(period: Period): RowMaker {
  const { hosts, steps } = fleetOf(period);
  const spacing = (period.end - period.start) / 1000 / steps;
  return (index) => {
    const host = 1 + (index % hosts);
    const [metric, labels, rate] = SERIES[Math.floor(index / hosts) % SERIES.length] ?? SERIES[0] ?? ["", {}, 0];
    const step = Math.floor(index / (hosts * SERIES.length));
    const silent = host % 5 === 4 && step % 400 >= 360;
    const moment = momentAt(period, step, spacing, host);
    const after = moment.milliseconds > (period.start + period.end) / 2;
    return {
      Timestamp: momentText(moment),
      ...account(period, host, moment),
      HostId: `host-${host}`,
      HostName: `node-${host}${host % 5 === 0 && after ? "-new" : ""}`,
      HostIP: `10.0.${host >> 8}.${host & 255}`,
      // A host that is silent is known by its agent's word only.
      MetricName: silent ? "up" : metric,
      MetricType: rate === "gauge" ? "gauge" : "counter",
      Value: silent ? 0 : reading(period, index, { metric, rate, age: step % restartAfter(host), spacing }),
      Labels: labels,
      ResourceAttributes: { "host.id": `host-${host}`, "os.type": "linux" },
      Bytes: 90,
    };
  };
}

/** Hosts are looked at one after the other; whole milliseconds keep a series' order. */
function momentAt({ start }: Period, step: number, spacing: number, host: number): Moment {
  const milliseconds = Math.floor(start + step * spacing * 1000) + ((host * 700) % Math.floor(spacing * 900));
  return { milliseconds, nanoseconds: 0 };
}

/** Steps between two restarts: never, for most. */
function restartAfter(host: number): number {
  return host % 6 === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(301 / (host % 6));
}

interface Counted {
  readonly metric: string;
  readonly rate: number | "gauge";
  /** Steps since the last restart. */
  readonly age: number;
  /** Seconds a step. */
  readonly spacing: number;
}

function reading({ random }: Period, index: number, { metric, rate, age, spacing }: Counted): number | string {
  if (random.oneIn(2003, index, FIRST_SALT)) return "nan";
  if (metric === "node_resources_memory_total_bytes") return 16e9;
  if (rate === "gauge") return 4e9 + Math.floor(random.fraction(index, FIRST_SALT + 1) * 1e9);
  // Up to 90 % of a step late: never falls but on a restart.
  return rate * spacing * (age + 0.9 * random.fraction(index, FIRST_SALT + 2));
}
