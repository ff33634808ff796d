import { ENGINES, VERSIONS } from "../../provider/src/server/engines";
import { fetchEngine } from "../../provider/src/server/fetch";
import { fetchZookeeper } from "../../provider/src/server/zookeeper";

/** Fetches every version that the tests use, and ZooKeeper, into the user's cache; what is there already is left alone. */
export async function fetchServers(log: (line: string) => void): Promise<void> {
  for (const version of VERSIONS.filter((one) => "wheel" in ENGINES[one])) await fetchEngine(version, log);
  await fetchZookeeper(log);
}
