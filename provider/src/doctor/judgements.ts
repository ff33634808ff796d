import { OLDEST, unsupported } from "../clickhouse/capabilities";
import { atLeast, release } from "../clickhouse/version";
import { quotedName } from "../sql/object-key";
import { type Check, check } from "./check";

/** Clock differences below this are insignificant, in milliseconds. */
const SKEW = 5000;
/** A disk with a smaller free share is nearly full. */
const NEARLY_FULL = 0.05;

/** @param server its version. @param scratch that of the embedded engine. */
export function versionCheck(server: string, scratch: string | undefined): Check {
  const found = `ClickHouse ${server}`;
  const old = unsupported(server);
  if (old !== undefined) return check("version", "warning", old, `Update the server, to ${OLDEST} at least`);
  if (scratch === undefined || release(server) === release(scratch)) return check("version", "ok", found);
  if (atLeast(release(server), release(scratch))) {
    const means =
      "it may print definitions in another form; drift and preview recognise them where the embedded engine can create them";
    return check(
      "version",
      "warning",
      `${found} is newer than the embedded engine (${scratch}): ${means}`,
      "Update this package and chdb",
    );
  }
  const means = "a function that only the newer one has may pass the preview and be refused by the server";
  return check(
    "version",
    "warning",
    `${found} is older than the embedded engine (${scratch}): ${means}`,
    `To try declarations on ${release(server)}, set clickhouse:scratch to the URL of a throwaway server of that release`,
  );
}

/** @param server its time; `before` and `after` are this machine's around the query. All in milliseconds since 1970. */
export function clockCheck(server: number, before: number, after: number): Check {
  const skew = server < before ? server - before : server > after ? server - after : 0;
  if (Math.abs(skew) <= SKEW) return check("clock", "ok", "the server's clock and this machine's agree");
  const seconds = Math.round(Math.abs(skew) / 1000);
  const how = skew < 0 ? "behind" : "ahead of";
  return check(
    "clock",
    "warning",
    `the server's clock is ${seconds} s ${how} this machine's. No change relies on that (gates and deadlines go by the server's clock alone), but times in ` +
      "messages and logs do not match, certificates may count as expired, and now() in defaults and TTL is the server's",
    "Set both by NTP",
  );
}

/** @param settings of the user's profile, by name. */
export function settingChecks(settings: ReadonlyMap<string, string>): Check[] {
  const isSet = (name: string): boolean => !["0", "", "false", undefined].includes(settings.get(name));
  const found: Check[] = [];
  if (isSet("readonly")) {
    const next = "Give it a profile with readonly = 0. Preview, refresh and drift work as it is";
    found.push(check("readonly", "error", "the user's profile is readonly: nothing can be created or changed", next));
  }
  if (settings.has("allow_ddl") && !isSet("allow_ddl")) {
    found.push(
      check(
        "allow-ddl",
        "error",
        "allow_ddl = 0: no definition can be changed",
        "Give the user a profile with allow_ddl = 1",
      ),
    );
  }
  if (isSet("async_insert") && settings.has("wait_for_async_insert") && !isSet("wait_for_async_insert")) {
    const message =
      "async_insert with wait_for_async_insert = 0: a client is told that its rows are in before they are, so it does not see the short refusal of " +
      "inserts while tables are exchanged, and loses them";
    found.push(
      check(
        "async-insert",
        "warning",
        message,
        "Set wait_for_async_insert = 1 for writers, or stop them during rebuilds",
      ),
    );
  }
  if (isSet("cloud_mode")) {
    const message =
      "ClickHouse Cloud: Shared engines are declared as they are, but not rebuilt, because that is tested on a single server only";
    found.push(check("cloud", "warning", message, 'Changes that need a rebuild need allow: ["unproven"]'));
  }
  return found.length > 0 ? found : [check("settings", "ok", "settings of the user's profile")];
}

/** @param changed settings of the user's profile that make a query return other types or columns than elsewhere. */
export function typeChecks(changed: readonly { readonly name: string; readonly value: string }[]): Check[] {
  if (changed.length === 0) return [];
  const list = changed.map(({ name, value }) => `${name} = ${value}`).join(", ");
  const message =
    `the user's profile changes what queries give: ${list}. Views and tables made of queries get their columns by it, here as on the ` +
    "embedded engine; a user without it who reads or inserts gets others";
  return [
    check("type-settings", "warning", message, "Give all users that insert or read through views the same values"),
  ];
}

/** Nothing is reported for a database whose engine is Atomic, or shows another system's data. */
export function engineCheck({ name, engine }: { readonly name: string; readonly engine: string }): Check[] {
  const [id, next] = ["database-engine", 'They need allow: ["unproven"]'];
  if (engine === "Ordinary") {
    const message = `database ${quotedName(name)} is Ordinary: its tables cannot be exchanged, so rebuilds are refused`;
    return [
      check(
        id,
        "warning",
        message,
        "Convert it to Atomic: https://clickhouse.com/docs/engines/database-engines/atomic",
      ),
    ];
  }
  if (engine !== "Replicated" && engine !== "Shared") return [];
  return [check(id, "warning", `database ${quotedName(name)} is ${engine}: rebuilds are tested for Atomic only`, next)];
}

/** Room on a disk, in bytes. */
export interface Disk {
  readonly name: string;
  readonly free: number;
  readonly total: number;
}

/** The largest table that could be rebuilt. */
export interface Largest {
  /** Quoted and qualified. */
  readonly name: string;
  readonly bytes: number;
}

/** Whether there is room for a copy of the largest table, and on each disk at all. */
export function diskChecks(disks: readonly Disk[], largest: Largest | undefined): Check[] {
  const full = disks.filter(({ free, total }) => free < total * NEARLY_FULL);
  const found = full.map(({ name, free, total }) =>
    check(
      "disks",
      "warning",
      `disk ${name}: ${gigabytes(free)} of ${gigabytes(total)} are free`,
      "Make room before it is full",
    ),
  );
  const most = Math.max(0, ...disks.map(({ free }) => free));
  if (largest !== undefined && largest.bytes > most) {
    const message = `${largest.name} has ${gigabytes(largest.bytes)}, and no disk more than ${gigabytes(most)} free: it could not be rebuilt, which copies it`;
    found.push(check("disks", "warning", message, "Make room before a change that copies its rows"));
  }
  return found.length > 0 ? found : [check("disks", "ok", `disks: ${gigabytes(most)} free`)];
}

function gigabytes(bytes: number): string {
  return bytes >= 2 ** 60 ? "unlimited space" : `${(bytes / 2 ** 30).toFixed(bytes < 10 * 2 ** 30 ? 1 : 0)} GiB`;
}
