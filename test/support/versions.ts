import { ENGINES, VERSIONS, type Version } from "../../provider/src/server/engines";
import { fetchedEngine } from "../../provider/src/server/fetch";
import { hasZookeeper } from "../../provider/src/server/zookeeper";
import { EFFORT } from "./effort";

const missing = new Set<string>();
if (typeof after === "function") after("say which versions were left out", sayWhatIsMissing);

/**
 * Of these versions, those that can be started without fetching 160 MB first; in CI (`CI` is set) all of them, so that a test whose server is
 * missing fails there. Elsewhere the missing ones are left out, and one line at the end says so.
 */
export function testedVersions(wanted: readonly Version[] = VERSIONS): readonly Version[] {
  return wanted.filter((version) => {
    if (process.env["CI"] !== undefined || !("wheel" in ENGINES[version]) || fetchedEngine(version) !== undefined)
      return true;
    missing.add(`ClickHouse ${version}`);
    return false;
  });
}

/**
 * A real server; with the embedded engine beside it in `soak`, and in its place where the server is missing. For costly tests that
 * run on either.
 */
export function realOrEmbedded(version: Version): readonly Version[] {
  const real = testedVersions([version]);
  return EFFORT === "soak" || real.length === 0 ? ["26.7", ...real] : real;
}

/** The last of them in the full tier, all in `soak`: for tests whose outcome no version decides. */
export function lastOrAll(versions: readonly Version[]): readonly Version[] {
  return EFFORT === "soak" ? versions : versions.slice(-1);
}

/** Those of {@link testedVersions} of which replicas can be started; in CI ZooKeeper has to be there as well. */
export function canReplicate(wanted: readonly Version[]): readonly Version[] {
  if (process.env["CI"] !== undefined || hasZookeeper()) return testedVersions(wanted);
  missing.add("replicas");
  return [];
}

function sayWhatIsMissing(): void {
  if (missing.size === 0) return;
  console.log(`\n  Not tested: ${[...missing].sort().join(", ")}. \`npm run servers\` fetches what they need.`);
}
