import { SchemaError } from "../errors";

/** How a package is made to answer HTTP. */
export type Launch =
  /** The library exports the entry point of clickhouse-server: it is the real server. */
  | "server"
  /** An embedded engine only; a bridge speaks HTTP for it. No users, no `KILL QUERY`, no native protocol. */
  | "bridge"
  /** npm's chdb: the library exports an entry point that starts clickhouse-local's own listeners. */
  | "local";

/** Where the wheels of a package run, by Node's platform and architecture. */
export type Platform = "linux-x64" | "linux-arm64" | "darwin-x64" | "darwin-arm64";

/** A ClickHouse version that can be started here. */
export interface Engine {
  readonly launch: Launch;
  /** The PyPI package that contains it; none for the one that npm has installed. */
  readonly wheel?: {
    readonly name: string;
    readonly version: string;
    readonly sha256: Readonly<Record<Platform, string>>;
  };
}

/** The embedded engine that the package itself is built on. */
export const EMBEDDED = "26.7";

/** Each version that tests can start, oldest first. Wheels newer than 3.7.2 or older than 2.0.4 export no server. */
export const ENGINES = {
  "24.8": server("2.1.1", {
    "linux-x64": "d904cfd5d7eda5c6833c1b49929cf897dcd2eba3fc1be6fb1bb7018ff87a77fa",
    "linux-arm64": "ea6add429ce0d253dbe50a243ffd68837d547f0b1450e06368348a6fb9351432",
    "darwin-x64": "e9e44db9fc6e07987192470eff742727e7ff71c9ed4a5c18244b1ca55cee52b7",
    "darwin-arm64": "e75a3c68d6e8e3282b3a234ff509b44f3da9130946de5630eebc4c89c60ed919",
  }),
  "25.5": server("3.4.1", {
    "linux-x64": "34c0e6bcaa51773ddf696ecc735961bf240f1983adffe8a884cbd604eb295adf",
    "linux-arm64": "95e3f2ff46a743e7896b4be3a50185f38d42df4f230630fbd98ae711aaf590b9",
    "darwin-x64": "ce274ba096c080c03e5bdab886c42529d8fafd93e92416ad61675d405238e8ba",
    "darwin-arm64": "c0d3c3581194e7293cf1c34379f6a9baa4576417ffcb0b6203f1397aac24ef68",
  }),
  "25.8": server("3.7.2", {
    "linux-x64": "c119f0830c12438a4e4b60b8370859ba50992e8b1b01a8c681e1c57eeb2dc82d",
    "linux-arm64": "605f121162b55bb3944af07c56a6f2290110b8f298c888047457c70105a0667b",
    "darwin-x64": "2cc22753ae4b042d091d810e2de60cb8badfd6ae9829109406b24bab75bbcb6b",
    "darwin-arm64": "baaf88db434196b1db900c1747f6e47c0cde0c175cd3a3aaba7a8770bb56ddb2",
  }),
  "26.3": bridge("26.3.0", {
    "linux-x64": "2b91a47a69db1185908f51aebdb32d1258cf7c0646e7dc6be3d2922cb694e3ad",
    "linux-arm64": "dcbec93852abaa94937242da65644c563bde389ae5d0d67caae6d46067af95c5",
    "darwin-x64": "83b76bd4bb026a74b5a3134582fc552fde10451969f3a20722f664b3b712d913",
    "darwin-arm64": "bc2d889ed2f9273c44a89cba7383f2b4d8f0bdfeed38af09f49160484a625d42",
  }),
  [EMBEDDED]: { launch: "local" },
  "26.9": bridge("26.9.0", {
    "linux-x64": "707e2ec3fe0f7953bac97942eaeb7a1ed1d66b1e56ecef3f0aa2130f61f6e735",
    "linux-arm64": "46148d3fc1edd6d6f701922be0f18e2aa6e60349e418b430e69bbb87ab6b95a9",
    "darwin-x64": "0d24d78969f7ab41d5303c148b7cf64880fa017507bbed9c9b8799b29c26723f",
    "darwin-arm64": "bc2d2baedc038ba04be59d97d9ded4f87a3fbe05c3820f93d90e508b1e541ad0",
  }),
} as const satisfies Readonly<Record<string, Engine>>;

/** A version of ClickHouse: its first two numbers. */
export type Version = keyof typeof ENGINES;

export const VERSIONS = Object.keys(ENGINES).sort() as readonly Version[];

/** @returns the version of that name. @throws naming the known versions. */
export function versionNamed(name: string): Version {
  const found = VERSIONS.find((version) => version === name);
  if (found === undefined)
    throw new SchemaError(
      "option-invalid",
      `there is no ClickHouse ${name} to start; there are ${VERSIONS.join(", ")}`,
    );
  return found;
}

function server(version: string, sha256: Readonly<Record<Platform, string>>): Engine {
  return { launch: "server", wheel: { name: "chdb", version, sha256 } };
}

function bridge(version: string, sha256: Readonly<Record<Platform, string>>): Engine {
  return { launch: "bridge", wheel: { name: "chdb-core", version, sha256 } };
}
