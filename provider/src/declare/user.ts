import { isIP } from "node:net";
import { ANYWHERE, hostOf, hostsOf } from "../sql/access/hosts";
import { momentOf } from "../sql/access/methods";
import { NOBODY, sortedNames } from "../sql/access/names";
import type { MethodSpec, ToSpec, UserSpec } from "../sql/access/spec";
import { quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { limitsAt } from "./access";
import {
  describe,
  isObject,
  join,
  listAt,
  objectAt,
  optionalText,
  Problems,
  type Raw,
  requiredText,
  textList,
} from "./fields";

const KEYS = ["auth", "hosts", "defaultDatabase", "profiles", "settings", "grantees"];
const METHODS: Readonly<Record<string, string>> = { sha256: "sha256_password", doubleSha1: "double_sha1_password" };

/** Arguments of `User`, without secrets → spec. @throws {SchemaError} naming every wrong argument. */
export function declareUser({ name }: QualifiedName, args: unknown): UserSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", KEYS, problems);
  const methods = methodsAt(raw, problems);
  const hosts = hostsAt(raw, problems);
  const defaultDatabase = optionalText(raw, "defaultDatabase", "", problems);
  const limits = limitsAt(raw, "profiles", problems);
  const grantees = granteesAt(raw, problems);
  problems.throwIfAny();
  return {
    kind: "user",
    name,
    ...(methods !== undefined && { methods }),
    hosts,
    ...(defaultDatabase !== undefined && { defaultDatabase }),
    ...limits,
    grantees,
  };
}

/** Undefined for "unmanaged". */
function methodsAt(raw: Raw, problems: Problems): MethodSpec[] | undefined {
  const given = raw["auth"];
  if (given === "unmanaged") return undefined;
  if (given === undefined) {
    problems.add(
      "auth",
      'is missing; expected how the user logs in, e.g. { password: … }, or "unmanaged" to keep what is there',
    );
    return [];
  }
  const list = Array.isArray(given) ? given : [given];
  if (list.length === 0) problems.add("auth", "is an empty list; expected how the user logs in");
  const methods = list.map((one, index) => methodAt(one, Array.isArray(given) ? `auth[${index}]` : "auth", problems));
  if (methods.length > 1 && methods.some(({ method }) => method === "no_password"))
    problems.add("auth", "{ none: true } goes with no other method: the user could always log in without a password");
  return methods;
}

const WAYS = [
  "password",
  "sha256Hash",
  "doubleSha1Hash",
  "bcryptHash",
  "ldap",
  "kerberos",
  "certificate",
  "http",
  "none",
];

function methodAt(given: unknown, path: string, problems: Problems): MethodSpec {
  const raw = objectAt(given, path, [...WAYS, "method", "validUntil"], problems);
  const ways = WAYS.filter((way) => raw[way] !== undefined);
  const [way] = ways;
  if (ways.length !== 1)
    problems.add(path, `expected exactly one of ${WAYS.join(", ")}, found ${ways.join(", ") || "none"}`);
  const validUntil = momentAt(raw, path, problems);
  if (raw["method"] !== undefined && way !== "password") problems.add(join(path, "method"), "goes with password only");
  const found = way === undefined ? { method: "no_password" } : wayOf(way, raw, path, problems);
  return { ...found, ...(validUntil !== undefined && { validUntil }) };
}

function wayOf(way: string, raw: Raw, path: string, problems: Problems): MethodSpec {
  const at = join(path, way);
  switch (way) {
    case "password":
      return { method: passwordMethod(raw["method"], path, problems) };
    case "sha256Hash":
      return { method: "sha256_password" };
    case "doubleSha1Hash":
      return { method: "double_sha1_password" };
    case "bcryptHash":
      return { method: "bcrypt_password" };
    case "ldap":
      return { method: "ldap", args: `SERVER ${quoteString(requiredText(raw, "ldap", path, problems))}` };
    case "kerberos": {
      const realm = optionalText(objectAt(raw["kerberos"], at, ["realm"], problems), "realm", at, problems);
      return { method: "kerberos", ...(realm !== undefined && { args: `REALM ${quoteString(realm)}` }) };
    }
    case "certificate": {
      const names = objectAt(raw["certificate"], at, ["cn", "san"], problems);
      const of = (key: string): string[] => textList(listAt(names, key, at, problems), join(at, key), problems);
      const [cn, san] = [of("cn"), of("san")];
      if ((cn.length === 0) === (san.length === 0)) problems.add(at, "expected cn, or san, with at least one name");
      return {
        method: "ssl_certificate",
        args: `${cn.length > 0 ? "CN" : "SAN"} ${[...cn, ...san].sort().map(quoteString).join(", ")}`,
      };
    }
    case "http": {
      const http = objectAt(raw["http"], at, ["server"], problems);
      return {
        method: "http",
        args: `SERVER ${quoteString(requiredText(http, "server", at, problems))} SCHEME 'BASIC'`,
      };
    }
    default:
      if (raw["none"] !== true) problems.add(at, `expected true, found ${describe(raw["none"])}`);
      return { method: "no_password" };
  }
}

function passwordMethod(given: unknown, path: string, problems: Problems): string {
  if (given === undefined) return "sha256_password";
  const method = typeof given === "string" ? METHODS[given] : undefined;
  if (method === undefined)
    problems.add(join(path, "method"), `expected "sha256" or "doubleSha1", found ${describe(given)}`);
  return method ?? "sha256_password";
}

function momentAt(raw: Raw, path: string, problems: Problems): string | undefined {
  const text = optionalText(raw, "validUntil", path, problems);
  const moment = text === undefined ? undefined : momentOf(text);
  if (moment !== undefined && !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(moment))
    problems.add(join(path, "validUntil"), 'expected a moment in the server\'s time zone, e.g. "2030-01-02 03:04:05"');
  return moment;
}

function hostsAt(raw: Raw, problems: Problems): readonly string[] {
  const given = raw["hosts"];
  if (given === undefined || given === "any") return ANYWHERE;
  if (!isObject(given)) {
    problems.add("hosts", `expected "any", or an object with ip, names, like or regexp, found ${describe(given)}`);
    return ANYWHERE;
  }
  const hosts = objectAt(given, "hosts", ["ip", "names", "like", "regexp"], problems);
  const of = (key: string): string[] => textList(listAt(hosts, key, "hosts", problems), `hosts.${key}`, problems);
  for (const ip of of("ip"))
    if (!isAddress(ip)) problems.add("hosts.ip", `${JSON.stringify(ip)} is no address or network, e.g. "10.0.0.0/8"`);
  return hostsOf([
    ...of("ip")
      .filter(isAddress)
      .map((one) => hostOf("IP", one)),
    ...of("names").map((one) => hostOf("NAME", one)),
    ...of("like").map((one) => hostOf("LIKE", one)),
    ...of("regexp").map((one) => hostOf("REGEXP", one)),
  ]);
}

function isAddress(text: string): boolean {
  const [address = "", bits = "0", ...rest] = text.split("/");
  const most = isIP(address) === 6 ? 128 : 32;
  return isIP(address) !== 0 && rest.length === 0 && /^\d+$/.test(bits) && Number(bits) <= most;
}

function granteesAt(raw: Raw, problems: Problems): ToSpec {
  const given = raw["grantees"];
  if (given === undefined) return { all: true, names: [] };
  if (!Array.isArray(given)) problems.add("grantees", `expected a list of users and roles, found ${describe(given)}`);
  const names = textList(Array.isArray(given) ? given : [], "grantees", problems);
  return names.length === 0 ? NOBODY : { all: false, names: sortedNames(names) };
}
