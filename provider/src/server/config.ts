import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { LOCAL_SETTINGS_DEFAULTS, SERVER_DEFAULTS, SETTINGS_DEFAULTS } from "./defaults";

/** The configuration of one server; its directories are below `directory`. */
export interface Configuration {
  readonly directory: string;
  /** Contents of users.xml. */
  readonly users: string;
  /** Addresses to listen on. Default: 127.0.0.1. */
  readonly hosts?: readonly string[];
  /** Whether it is for clickhouse-local or an engine inside another process, not for clickhouse-server. */
  readonly local: boolean;
  readonly http: number;
  readonly tcp: number;
  /** More elements, as XML. */
  readonly more?: string;
}

/** Writes config.xml, users.xml and related files. Files that a test has put into `config.d` are read as well. */
export function writeConfiguration(configuration: Configuration): void {
  const { directory, users, local } = configuration;
  for (const folder of ["data", "users.d"]) mkdirSync(path.join(directory, folder), { recursive: true });
  writeFileSync(path.join(directory, "users.xml"), users);
  writeFileSync(
    path.join(directory, "users.d", "0-defaults.xml"),
    profileXml(local ? LOCAL_SETTINGS_DEFAULTS : SETTINGS_DEFAULTS),
  );
  writeFileSync(path.join(directory, "config.xml"), configXml(configuration));
}

/** Writes settings of the default profile, read at the next start. The server must know them all. */
export function writeSettings(directory: string, settings: Readonly<Record<string, string | number>>): void {
  writeFileSync(path.join(directory, "users.d", "settings.xml"), profileXml(settings));
}

export function configFile(directory: string): string {
  return path.join(directory, "config.xml");
}

export function dataFolder(directory: string): string {
  return path.join(directory, "data");
}

export function errorLog(directory: string): string {
  return path.join(directory, "error.log");
}

/** query_log is on, so that tests can count what reaches the server (`SYSTEM FLUSH LOGS` first). */
function configXml({ directory, local, hosts = ["127.0.0.1"], http, tcp, more = "" }: Configuration): string {
  return `<clickhouse>
  <logger><level>information</level><log>${directory}/server.log</log><errorlog>${errorLog(directory)}</errorlog></logger>
  <path>${dataFolder(directory)}/</path>
  <tmp_path>${directory}/tmp/</tmp_path>
  <user_files_path>${directory}/user_files/</user_files_path>
  ${hosts.map((host) => `<listen_host>${host}</listen_host>`).join("")}
  <http_port>${http}</http_port>
  <tcp_port>${tcp}</tcp_port>
  <users_config>${directory}/users.xml</users_config>
  <shutdown_wait_unfinished>1</shutdown_wait_unfinished>
  ${local ? "" : directoriesXml(directory)}
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  <query_log>
    <database>system</database><table>query_log</table>
    <flush_interval_milliseconds>500</flush_interval_milliseconds>
  </query_log>
  ${SERVER_DEFAULTS}
  ${more}
</clickhouse>
`;
}

/** Users created by SQL, which the embedded engines cannot store. */
function directoriesXml(directory: string): string {
  return `<user_directories>
    <users_xml><path>${directory}/users.xml</path></users_xml>
    <local_directory><path>${directory}/access/</path></local_directory>
  </user_directories>`;
}

function profileXml(settings: Readonly<Record<string, string | number>>): string {
  const elements = Object.entries(settings).map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`);
  return `<clickhouse><profiles><default>${elements.join("")}</default></profiles></clickhouse>\n`;
}

/** Text between two tags. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
