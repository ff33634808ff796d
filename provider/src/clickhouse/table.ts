import { CAPABILITIES, type Capability, OLDEST } from "./capabilities";
import { GATES } from "./gates";

/** What servers support, for people: generates the part of `docs/servers.md` between its marks. */
export function renderTable(): string {
  const rows: readonly Capability[] = Object.values(CAPABILITIES);
  return [
    "| what | first tested release with it | how it is detected | on a server without it |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ otherwise, parses, since, what }) =>
      line(what, since, parses ? "by its parser" : "by version", otherwise),
    ),
    "",
    "| what | needs a setting before | setting |",
    "| --- | --- | --- |",
    ...GATES.map(({ setting, since, what }) => line(what, since, `\`${setting}\``)),
    "",
    `The oldest release that is tested is ${OLDEST} LTS.`,
  ].join("\n");
}

function line(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
