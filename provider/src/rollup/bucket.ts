/** Width of a bucket: a number of units. */
export interface Width {
  readonly count: number;
  readonly unit: Unit;
}

export type Unit = "second" | "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";

/** Allowed multiples of a unit: divisors of the next larger one, so that buckets start at the same points everywhere. */
const DIVIDES: Readonly<Record<Unit, number>> = {
  second: 60,
  minute: 60,
  hour: 24,
  day: 1,
  week: 1,
  month: 1,
  quarter: 1,
  year: 1,
};

const SECONDS: Partial<Record<Unit, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** Units that consist of whole smaller units. */
const CALENDAR: Partial<Record<Unit, readonly Unit[]>> = {
  week: ["day"],
  month: ["day"],
  quarter: ["day", "month"],
  year: ["day", "month", "quarter"],
};

const UNIT_NAMES = Object.keys(DIVIDES) as Unit[];

/** `"minute"`, `"5 minutes"`, `"hour"`, `"day"` …; a string says what is wrong. */
export function parseWidth(every: unknown): Width | string {
  const [, digits = "1", name = ""] = /^\s*(\d+)?\s*([a-z]+?)s?\s*$/i.exec(String(every)) ?? [];
  const unit = UNIT_NAMES.find((known) => known === name.toLowerCase());
  if (unit === undefined)
    return `expected a time such as "minute", "5 minutes", "hour", "day", "week" or "month", found ${JSON.stringify(every)}`;
  const count = Number(digits);
  if (count > 0 && DIVIDES[unit] % count === 0 && (count < DIVIDES[unit] || count === 1)) return { count, unit };
  const most = DIVIDES[unit];
  return most === 1
    ? `expected one ${unit}, found ${count}: buckets of several ${unit}s begin nowhere in particular`
    : `expected a number of ${unit}s that divides ${most}, found ${count}: other buckets begin at another time each day`;
}

/** How long something is kept, e.g. `"90 days"`: undefined when the string is not such a time. */
export function parseInterval(text: string): Width | undefined {
  const [, digits, name = ""] = /^\s*(\d+)\s*([a-z]+?)s?\s*$/i.exec(text) ?? [];
  const unit = UNIT_NAMES.find((known) => known === name.toLowerCase());
  return unit === undefined || digits === undefined || Number(digits) === 0
    ? undefined
    : { count: Number(digits), unit };
}

/** Start of the bucket that contains a time: a DateTime for buckets below a day, else a Date. */
export function bucketStart({ count, unit }: Width, time: string, timezone: string | undefined): string {
  const zone = timezone === undefined ? "" : `, ${timezone}`;
  const functions: Record<Unit, string | undefined> = {
    second: undefined,
    minute: "toStartOfMinute",
    hour: "toStartOfHour",
    day: "toDate",
    week: "toMonday",
    month: "toStartOfMonth",
    quarter: "toStartOfQuarter",
    year: "toStartOfYear",
  };
  const name = count === 1 ? functions[unit] : undefined;
  return name === undefined
    ? `toStartOfInterval(${time}, ${interval({ count, unit })}${zone})`
    : `${name}(${time}${zone})`;
}

/** `toIntervalMinute(5)`. */
export function interval({ count, unit }: Width): string {
  return `toInterval${unit[0]?.toUpperCase()}${unit.slice(1)}(${count})`;
}

/** Whether buckets of `to` consist of whole buckets of `from`. */
export function isMadeOf(to: Width, from: Width): boolean {
  const [large, small] = [SECONDS[to.unit], SECONDS[from.unit]];
  if (small === undefined) return from.unit !== to.unit && (CALENDAR[to.unit]?.includes(from.unit) ?? false);
  if (large === undefined) return true;
  return large * to.count > small * from.count && (large * to.count) % (small * from.count) === 0;
}

/** Default partition of a bucket: a month, or a year if buckets are months. */
export function partitionOf({ unit }: Width, bucket: string): string {
  return ["month", "quarter", "year"].includes(unit) ? `toYear(${bucket})` : `toYYYYMM(${bucket})`;
}

/** Readable form: `5 minutes`. */
export function describeWidth({ count, unit }: Width): string {
  return count === 1 ? unit : `${count} ${unit}s`;
}
