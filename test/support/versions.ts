import { ENGINES, VERSIONS, type Version } from "../../tools/servers/engines";
import { fetchedEngine } from "../../tools/servers/fetch";

const missing = new Set<Version>();
if (typeof after === "function") after("say which versions were left out", sayWhatIsMissing);

/**
 * Those of the versions that can be started without fetching 160 MB first. In CI (`CI` is set) all of them: a test whose server is missing fails
 * there. Elsewhere the missing ones are left out, and one line at the end says so.
 */
export function testedVersions(wanted: readonly Version[] = VERSIONS): readonly Version[] {
  return wanted.filter((version) => {
    if (process.env["CI"] !== undefined || !("wheel" in ENGINES[version]) || fetchedEngine(version) !== undefined)
      return true;
    missing.add(version);
    return false;
  });
}

function sayWhatIsMissing(): void {
  if (missing.size === 0) return;
  console.log(`\n  Not tested: ClickHouse ${[...missing].sort().join(", ")}. \`npm run servers\` fetches them.`);
}
