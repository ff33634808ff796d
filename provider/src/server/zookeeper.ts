import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { SchemaError } from "../errors";
import { cacheFolder } from "./cache";
import { launcher } from "./launcher";
import { Member } from "./member";
import { runTool } from "./tool";

/** Where Debian's libzookeeper-java puts it; the jar's manifest lists what else it needs. */
const DEBIAN_JAR = "/usr/share/java/zookeeper.jar";
const MAVEN_VERSION = "3.8.4";
const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>zookeeper</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.zookeeper</groupId><artifactId>zookeeper</artifactId><version>${MAVEN_VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** A ZooKeeper with one node; its data is in `directory`. Rejects if there is none here, see {@link fetchZookeeper}. */
export async function zookeeper(directory: string, port: number, log?: (line: string) => void): Promise<Member> {
  mkdirSync(path.join(directory, "data"), { recursive: true });
  const settings = [
    "tickTime=1000",
    `dataDir=${directory}/data`,
    `clientPort=${port}`,
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
    "maxClientCnxns=0",
  ];
  const file = path.join(directory, "zoo.cfg");
  writeFileSync(file, `${settings.join("\n")}\n`);
  const java = ["java", "-Xmx160m", "-Dzookeeper.forceSync=no", "-cp", await fetchZookeeper(log)];
  return new Member("ZooKeeper", {
    command: launcher("tether.py", ...java, "org.apache.zookeeper.server.quorum.QuorumPeerMain", file),
    directory,
    answers: () => accepts(port),
  });
}

/** Whether a cluster can be started without fetching ZooKeeper first. */
export function hasZookeeper(): boolean {
  return isOnPath("java") && (existsSync(DEBIAN_JAR) || existsSync(mavenFolder()));
}

/**
 * ZooKeeper's class path: Debian's package if that is installed, else Maven Central's, fetched once into the user's cache. Rejects if
 * there is no Java, or neither of the two is available.
 */
export async function fetchZookeeper(log = (_line: string): void => undefined): Promise<string> {
  if (!isOnPath("java")) throw missing("which needs Java 11 or newer: apt-get install default-jre-headless");
  if (existsSync(DEBIAN_JAR)) return DEBIAN_JAR;
  if (!existsSync(mavenFolder())) await fetchWithMaven(mavenFolder(), log);
  return path.join(mavenFolder(), "*");
}

function mavenFolder(): string {
  return cacheFolder(process.env, "engines", `zookeeper-${MAVEN_VERSION}`);
}

async function fetchWithMaven(target: string, log: (line: string) => void): Promise<void> {
  const needs = "which is not here: apt-get install libzookeeper-java, or install Maven, which fetches it";
  if (!isOnPath("mvn")) throw missing(needs);
  log(`fetching ZooKeeper ${MAVEN_VERSION} with Maven (5 MB, once)`);
  mkdirSync(path.dirname(target), { recursive: true });
  const shop = mkdtempSync(path.join(path.dirname(target), ".fetching-"));
  try {
    writeFileSync(path.join(shop, "pom.xml"), POM);
    // --strict-checksums: a jar that does not match the registry's checksum aborts it.
    const args = ["-q", "-B", "--strict-checksums", "dependency:copy-dependencies", "-DoutputDirectory=lib"];
    await runTool({ program: "mvn", needs: "Maven is needed." }, args, shop);
    renameSync(path.join(shop, "lib"), target);
  } finally {
    rmSync(shop, { recursive: true, force: true });
  }
}

function missing(what: string): SchemaError {
  return new SchemaError("server-not-started", `replicas need ZooKeeper, ${what}`);
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => isExecutable(path.join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
