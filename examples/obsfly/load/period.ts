import type { Random } from "./random";

/** What all rows of a load have in common. */
export interface Period {
  readonly random: Random;
  /** 16 hexadecimal digits, others for another seed or another start: two loads share no trace. */
  readonly id: string;
  /** First moment, in milliseconds since 1970. */
  readonly start: number;
  /** The moment after the last, in milliseconds since 1970. */
  readonly end: number;
  /** Rows of each signal. */
  readonly rows: number;
}

/** A row as JSONEachRow takes it. */
export type Row = Readonly<Record<string, unknown>>;

/** One row by its number. */
export type RowMaker = (index: number) => Row;

export const SERVICES = ["frontend", "checkout", "payments", "mailer", "search"] as const;
const ACCOUNTS = 4;
/** Days that rows of an account are kept, by account. */
const PLANS = [7, 30, 90] as const;

/** Salts below this are taken by this file. */
export const FIRST_SALT = 100;

/** A moment in nanoseconds since 1970, kept in two numbers: together they are more than a number holds. */
export interface Moment {
  readonly milliseconds: number;
  /** From 0 to 999,999. */
  readonly nanoseconds: number;
}

/** Spreads `count` rows evenly over the period, each at a chance place in its share of it. */
export function momentOf({ random, start, end }: Period, index: number, count: number): Moment {
  const time = start + ((end - start) * (index + random.fraction(index, 0))) / count;
  const milliseconds = Math.floor(time);
  return { milliseconds, nanoseconds: random.hash(index, 1) % 1_000_000 };
}

/** The moment a row tells where some rows come late: one in fifty is written up to two days after it was made. */
export function lateMoment(period: Period, index: number, count: number): Moment {
  const { random } = period;
  const moment = momentOf(period, index, count);
  if (!random.oneIn(50, index, 2)) return moment;
  const delay = Math.floor(LONGEST_DELAY * random.fraction(index, 3) ** 2);
  return { ...moment, milliseconds: moment.milliseconds - delay };
}

/** Milliseconds. */
export const LONGEST_DELAY = 48 * 3600 * 1000;

/** As DateTime64(9) reads it. */
export function momentText({ milliseconds, nanoseconds }: Moment): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${seconds}.${pad(milliseconds - seconds * 1000, 3)}${pad(nanoseconds, 6)}`;
}

/** Nanoseconds since 1970 as UInt64 reads them. */
export function nanoText(moment: Moment): string {
  return momentText(moment).replace(".", "");
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

/** The account of a row and the plan that it is on: the last account changes its plan in the middle of the period. */
export function accountOf(period: Period, index: number, moment: Moment): { AccountId: number; RetentionDays: number } {
  return account(period, 1 + (period.random.hash(index, 4) % ACCOUNTS), moment);
}

/** The account with its plan at that moment. */
export function account(
  { start, end }: Period,
  id: number,
  { milliseconds }: Moment,
): { AccountId: number; RetentionDays: number } {
  const AccountId = 1 + ((id - 1) % ACCOUNTS);
  const changed = milliseconds >= (start + end) / 2 + 123;
  return { AccountId, RetentionDays: PLANS[AccountId - 1] ?? (changed ? 90 : 30) };
}

/** What OpenTelemetry's resource detectors say of a process. */
export function resourceOf(service: string, pod: number): Row {
  return {
    "service.name": service,
    "k8s.pod.name": `${service}-${pod}`,
    "k8s.cluster.name": "production",
    "telemetry.sdk.language": service === "search" ? "python" : "go",
  };
}
