import { nodeMaker, nodeRows } from "./nodes";
import {
  accountOf,
  FIRST_SALT,
  lateMoment,
  momentText,
  type Period,
  type Row,
  type RowMaker,
  resourceOf,
  SERVICES,
} from "./period";

/** HTTP statuses as found in the wild, and what they mean. */
export const statuses = {
  fine: ["200", "204", "301", "101"],
  failed: ["400", "404", "499", "500", "503", "599"],
  // '65936' is 400 in sixteen bits; '4' and 'ok' are greater than '400' as text.
  unknown: ["", "ok", "4", "5", "14", "600", "700", "65936", "-404", "404 ", "4xx"],
};

const GAUGES = ["queue_depth", "temperature_celsius", "payload_bytes", "nodejs_heap_bytes", "stale_only"] as const;
const REQUESTS = "container_http_requests_duration_seconds_total";
const PODS = 40;

/** The samples: of five rows two are gauges, one is a request, two are counters of nodes. */
export function metricMaker(period: Period): RowMaker {
  const node = nodeMaker(period);
  const nodes = nodeRows(period);
  return (index) => {
    // Nodes are spread evenly between the others.
    const before = Math.floor((index * nodes) / period.rows);
    if (Math.floor(((index + 1) * nodes) / period.rows) > before) return node(before);
    return period.random.oneIn(3, index, FIRST_SALT) ? request(period, index) : gauge(period, index);
  };
}

function gauge(period: Period, index: number): Row {
  const { random } = period;
  const moment = lateMoment(period, index, period.rows);
  const name = random.pick(GAUGES, index, FIRST_SALT + 1);
  const service = random.pick(SERVICES, index, FIRST_SALT + 2);
  const fraction = random.fraction(index, FIRST_SALT + 3);
  let value: number | string;
  // A Prometheus stale marker is NaN.
  if (name === "stale_only" || random.oneIn(997, index, FIRST_SALT + 4)) value = "nan";
  else if (random.oneIn(1999, index, FIRST_SALT + 5)) value = fraction < 0.5 ? "inf" : -1.79e308;
  else if (name === "queue_depth") value = Math.floor(fraction * 50);
  else if (name === "temperature_celsius") value = fraction * 80 - 30;
  else value = Math.exp(fraction * 14);
  return {
    Timestamp: momentText(moment),
    ...accountOf(period, index, moment),
    ServiceName: service,
    Pod: "pod-1",
    MetricName: name,
    MetricType: "gauge",
    Value: value,
    Labels: { zone: String(random.hash(index, FIRST_SALT + 6) % 3) },
    ResourceAttributes: resourceOf(service, 1),
    Bytes: 100 + (random.hash(index, FIRST_SALT + 7) % 100),
  };
}

/** One row is one request, its value the seconds it took. */
function request(period: Period, index: number): Row {
  const { random } = period;
  const moment = lateMoment(period, index, period.rows);
  const service = random.pick(SERVICES, index, FIRST_SALT + 2);
  const pod = random.hash(index, FIRST_SALT + 8) % PODS;
  const kind = random.hash(index, FIRST_SALT + 9) % 20;
  const known = kind < 14 ? statuses.fine : kind < 17 ? statuses.failed : statuses.unknown;
  const status = random.pick(known, index, FIRST_SALT + 10);
  let value: number | string = Math.exp(random.fraction(index, FIRST_SALT + 3) * 8 - 6);
  if (random.oneIn(499, index, FIRST_SALT + 4)) value = "nan";
  else if (random.oneIn(499, index, FIRST_SALT + 5)) value = -1;
  return {
    Timestamp: momentText(moment),
    ...accountOf(period, index, moment),
    ServiceName: service,
    Pod: random.oneIn(20, index, FIRST_SALT + 11) ? "" : `pod-${pod}`,
    MetricName: REQUESTS,
    MetricType: "gauge",
    Value: value,
    Labels: { method: "GET", ...(random.oneIn(100, index, FIRST_SALT + 12) ? {} : { status }) },
    ResourceAttributes: resourceOf(service, pod),
    Bytes: 200,
  };
}
