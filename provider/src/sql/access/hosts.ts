import { type Cursor, fail, isAtEnd, peek, splitAtCommas, takeString, takeWords } from "../cursor";
import { quoteString } from "../identifiers";
import { takeClause } from "./names";

/** From anywhere. */
export const ANYWHERE: readonly string[] = Object.freeze(["ANY"]);

const WORDS = ["IP", "NAME", "REGEXP", "LIKE"] as const;
type HostKind = (typeof WORDS)[number];

/** What follows HOST, as elements: `LOCAL`, `IP '10.0.0.0/8'`; none for NONE. */
export function takeHosts(cursor: Cursor): readonly string[] {
  const list = takeClause(cursor);
  if (takeWords(list, "NONE") && isAtEnd(list)) return [];
  if (takeWords(list, "ANY") && isAtEnd(list)) return ANYWHERE;
  let kind: HostKind | "LOCAL" | undefined;
  const elements = splitAtCommas(list).map((part) => {
    kind = takeWords(part, "LOCAL") ? "LOCAL" : (WORDS.find((word) => takeWords(part, word)) ?? kind);
    if (kind === "LOCAL") return hostOf("NAME", "localhost");
    if (kind === undefined) throw fail(part, `Found ${peek(part)?.text}: expected LOCAL, IP, NAME, REGEXP or LIKE`);
    return hostOf(kind, takeString(part, kind));
  });
  return hostsOf(elements);
}

/** One element, as the server prints it: with the mask applied, and the machine itself as LOCAL. */
export function hostOf(kind: HostKind, value: string): string {
  if (kind === "NAME" && value.toLowerCase() === "localhost") return "LOCAL";
  if (kind !== "IP") return `${kind} ${quoteString(value)}`;
  const [address = "", bits] = value.split("/");
  if (bits === "0") return "ANY";
  const masked = address.includes(":") ? maskedV6(address, bits) : maskedV4(address, bits);
  return masked === "127.0.0.1" || masked === "::1" ? "LOCAL" : `IP ${quoteString(masked)}`;
}

/** Each element once, in the server's order; anything that matches every address makes the rest needless. */
export function hostsOf(elements: readonly string[]): readonly string[] {
  if (elements.includes("ANY")) return ANYWHERE;
  const rank = (one: string): number => ["LOCAL", ...WORDS].indexOf(one.split(" ")[0] as HostKind);
  return [...new Set(elements)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}

export function renderHosts(hosts: readonly string[]): string {
  return hosts.length === 0 ? "NONE" : hosts.join(", ");
}

function maskedV4(address: string, bits: string | undefined): string {
  const length = bits?.includes(".") ? prefixLength(bits) : Number(bits ?? 32);
  if (length === 32) return address;
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const kept = value - (value % 2 ** (32 - length));
  return `${[24, 16, 8, 0].map((shift) => Math.floor(kept / 2 ** shift) % 256).join(".")}/${length}`;
}

/** `255.255.0.0` as 16. */
function prefixLength(mask: string): number {
  return mask.split(".").reduce((sum, part) => sum + (Number(part).toString(2).match(/1/g)?.length ?? 0), 0);
}

function maskedV6(address: string, bits: string | undefined): string {
  const groups = groupsOf(address.toLowerCase());
  const length = Number(bits ?? 128);
  const kept = groups.map((group, index) => {
    const inside = Math.min(16, Math.max(0, length - index * 16));
    return group - (group % 2 ** (16 - inside));
  });
  return length === 128 ? shortened(kept) : `${shortened(kept)}/${length}`;
}

function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const parts = (text: string): number[] => (text === "" ? [] : text.split(":").map((one) => Number.parseInt(one, 16)));
  if (tail === undefined) return parts(head);
  const [before, after] = [parts(head), parts(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

/** The longest run of zeros, the first of several, as `::`. */
function shortened(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = runs.sort((a, b) => b.replace(/^:/, "").length - a.replace(/^:/, "").length)[0];
  return longest === undefined
    ? text
    : text
        .replace(longest, ":")
        .replace(/^:(?!:)|:$/g, "::")
        .replace(/:{3,}/, "::");
}
