import * as pulumi from "@pulumi/pulumi";
import {
  type Rollup as Definition,
  levelColumns,
  levelTtl,
  renderLevelFill,
  renderLevelTarget,
  renderRead,
  type Target,
} from "../rollup";
import type { Input, NamedDatabase } from "./args";
import { MaterializedView } from "./materialized-view";
import type { RollupArgs, RollupColumnArgs, RollupLevelArgs } from "./rollup-args";
import { type Attempt, attempt, type Definitions, type First } from "./rollup-definitions";
import { sql } from "./sql";
import { Table } from "./table";
import { View } from "./view";

/** One level of a rollup: its target, the views that fill it, and its read view. */
export interface RollupLevel {
  /** The table that holds the merged rows. */
  readonly target: Table;
  /** The views that fill it, one for each source. */
  readonly views: readonly MaterializedView[];
  /** The target's rows on all shards; undefined without `distributed`. */
  readonly all: Table | undefined;
  /** The view to query. @throws {RunError} if `read` is `false`. */
  readonly read: View;
}

/** What the parts of a rollup are created from. */
export interface Parts extends Definitions {
  readonly name: string;
  readonly label: string;
  readonly args: RollupArgs;
  /** Options of every part. Pulumi does not pass a component's `dependsOn` on to its children. */
  readonly opts: pulumi.CustomResourceOptions;
  readonly rendered: pulumi.Output<Attempt<First>>;
}

/** The rollup itself. */
export function declareFirst(parts: Parts): RollupLevel {
  const { args, name, opts, rendered, rollup, sources } = parts;
  const serverName = args.name ?? name;
  const attempt = rendered.apply(({ value, problems }) => ({ value: value?.target, problems }));
  const target = declareTarget(parts, name, serverName, attempt, args.partitionBy, args.columns);
  const views = sources.map(({ key, args: own }, index) => {
    const suffix = key === undefined ? "mv" : `${key}_mv`;
    const database = own.database ?? databaseOf(parts);
    const query = rendered.apply(({ value }) => value?.fills[index] ?? "");
    return new MaterializedView(
      `${name}_${suffix}`,
      {
        ...common(args),
        ...filled(args),
        database,
        name: own.viewName ?? args.viewName ?? `${serverName}_${suffix}`,
        to: target,
        query,
      },
      opts,
    );
  });
  const all = declareAll(parts, name, serverName, target);
  const read = declareRead(parts, name, args.read ?? `${serverName}_read`, rollup, all ?? target);
  return levelOf(parts, { target, views, all }, read);
}

/** A coarser level, fed by the one below. */
export function declareLevel(
  parts: Parts,
  below: RollupLevel,
  level: Definition,
  levelArgs: RollupLevelArgs,
): RollupLevel {
  const { args, feeds, label, opts, rollup } = parts;
  const suffix = levelArgs.every.trim().replaceAll(/\s+/g, "_");
  const name = `${parts.name}_${suffix}`;
  const serverName = levelArgs.name ?? `${args.name ?? parts.name}_${suffix}`;
  const rendered = pulumi.all([feeds, below.target.qualifiedName]).apply(([[feed], belowName]) =>
    attempt(label, () => {
      const source = { name: belowName };
      const ttl = levelTtl(level, feed?.rollup ?? rollup, feed?.source.table, feed?.source.name ?? "");
      return { target: renderLevelTarget(level, source, ttl), query: renderLevelFill(level, source, ttl) };
    }),
  );
  const columns = levelColumns({ rollup, level }, args.columns, levelArgs.columns);
  const targetOnly = rendered.apply(({ value, problems }) => ({ value: value?.target, problems }));
  const target = declareTarget(parts, name, serverName, targetOnly, levelArgs.partitionBy, columns);
  const query = rendered.apply(({ value }) => value?.query ?? "");
  const view = new MaterializedView(
    `${name}_mv`,
    {
      ...common(args),
      ...filled(args),
      database: databaseOf(parts),
      name: levelArgs.viewName ?? `${serverName}_mv`,
      to: target,
      query,
    },
    // Filled after the level below: the rows of a backfill are not inserted there, so this view would not see them.
    { ...opts, ...(args.backfill !== undefined && { dependsOn: [...below.views] }) },
  );
  const readName = levelArgs.read ?? (args.read === false ? false : `${serverName}_read`);
  const all = declareAll(parts, name, serverName, target);
  return levelOf(parts, { target, views: [view], all }, declareRead(parts, name, readName, level, all ?? target));
}

function levelOf({ label }: Parts, level: Omit<RollupLevel, "read">, read: View | undefined): RollupLevel {
  return {
    ...level,
    get read() {
      if (read === undefined) throw new pulumi.RunError(`${label}: has no read view, because \`read\` is false`);
      return read;
    },
  };
}

function declareTarget(
  parts: Parts,
  name: string,
  serverName: string,
  rendered: pulumi.Output<{ value: Target | undefined; problems: readonly string[] | undefined }>,
  partitionBy: string | false | undefined,
  columns: Readonly<Record<string, RollupColumnArgs>> | undefined,
): Table {
  const { args, opts } = parts;
  const { rebuild, keepOld, materialize, settings, indexes, comment, engine = "AggregatingMergeTree" } = args;
  return new Table(
    name,
    {
      ...common(args),
      ...withoutUndefined({ rebuild, keepOld, materialize, settings, indexes, comment }),
      // Reported by this resource's check: an error thrown here would be shown with a stack trace, once for every resource.
      ...{ refused: rendered.apply(({ problems }) => problems) },
      database: databaseOf(parts),
      name: serverName,
      engine,
      ...(columns !== undefined && { columns: { ...columns } }),
      columnsFrom: rendered.apply(({ value }) => value?.columnsFrom ?? ""),
      orderBy: rendered.apply(({ value }) => [...(value?.orderBy ?? [])]),
      ...(partitionBy !== false && {
        partitionBy: rendered.apply(({ value }) => partitionBy ?? value?.partitionBy ?? ""),
      }),
      ttl: rendered.apply(({ value }) => value?.ttl ?? []),
    },
    opts,
  );
}

/** The target on all shards of a cluster, for reading: there is no sharding key, so the server refuses inserts. */
function declareAll(parts: Parts, name: string, serverName: string, target: Table): Table | undefined {
  const { distributed } = parts.args;
  if (distributed === undefined) return undefined;
  return new Table(
    `${name}_all`,
    {
      ...common(parts.args),
      database: databaseOf(parts),
      name: `${serverName}_all`,
      engine: sql`Distributed('${distributed}', '${target.database}', '${target.name}')`,
      columnsFrom: sql`SELECT * FROM ${target}`,
    },
    parts.opts,
  );
}

function declareRead(
  parts: Parts,
  name: string,
  readName: string | false,
  rollup: Definition,
  target: Table,
): View | undefined {
  if (readName === false) return undefined;
  return new View(
    `${name}_read`,
    {
      ...common(parts.args),
      database: databaseOf(parts),
      name: readName,
      query: target.qualifiedName.apply((table) => renderRead(rollup, table)),
    },
    parts.opts,
  );
}

/** The given database, or the first source's. */
function databaseOf({ args, rendered }: Parts): Input<string> | NamedDatabase {
  return args.database ?? rendered.apply(({ value }) => value?.database ?? "");
}

function common({ adopt, allow, cluster, deletion, lint }: RollupArgs) {
  return withoutUndefined({ adopt, allow, cluster, deletion, lint });
}

function filled({ backfill }: RollupArgs): object {
  return withoutUndefined({ backfill });
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
