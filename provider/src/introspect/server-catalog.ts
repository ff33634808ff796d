import DataLoader from "dataloader";
import type { Connection } from "../connection/connection";
import type { AccessKind } from "../sql/access/spec";
import { accessKindOf, isInNoDatabase, keyNamed, keyParts, objectKey } from "../sql/object-key";
import type { Lattice } from "../sql/rights/lattice";
import type { ObjectKind } from "../sql/spec";
import { readEntities } from "./access/catalog";
import { readCollections, refuseHiddenCollection } from "./collections";
import { readFunctions } from "./globals";
import { readAllGrants, readGrant, readGrants, readLattice } from "./grants";
import type { LiveObject } from "./live-object";
import { readDatabases, readObjects } from "./objects";
import { hereOnly } from "./spread";
import { HiddenError, refuseHidden } from "./visibility";

/**
 * The objects on the server, read one database at a time and cached, so that a whole stack costs a handful of queries. After this process
 * has changed an object, it must call {@link ServerCatalog.forget}.
 */
export class ServerCatalog {
  private readonly connect: () => Promise<Connection>;
  private readonly isAlone: (key: string) => boolean;
  private readonly databases: DataLoader<string, ReadonlyMap<string, LiveObject>>;
  private readonly objects: DataLoader<string, LiveObject | undefined>;
  /**
   * Changed since their database was read. Re-read individually: re-reading the whole database after each of many creates would be
   * quadratic.
   */
  private readonly changed = new Set<string>();
  /** Objects that were looked up and do not exist, so that each is looked up only once. */
  private readonly absent = new Map<string, Promise<void>>();
  private names: Promise<ReadonlyMap<string, LiveObject>> | undefined;
  private views: Promise<Map<string, LiveObject>> | undefined;
  private readers: Promise<readonly LiveObject[]> | undefined;
  private senders: Promise<readonly LiveObject[]> | undefined;
  private functions: Promise<ReadonlyMap<string, LiveObject>> | undefined;
  private collections: Promise<ReadonlyMap<string, LiveObject>> | undefined;
  private lattice: Promise<Lattice> | undefined;
  private readonly entities = new Map<AccessKind, Promise<ReadonlyMap<string, LiveObject>>>();

  /** @param isAlone whether an object is meant to be on the host of the connection only, whatever the other hosts of its cluster have. */
  constructor(connect: () => Promise<Connection>, isAlone: (key: string) => boolean = () => false) {
    this.connect = connect;
    this.isAlone = isAlone;
    this.databases = new DataLoader((names) => this.loadDatabases(names));
    this.objects = new DataLoader((keys) => this.loadObjects(keys), { cache: false });
  }

  /**
   * One object or database; undefined when there is none.
   *
   * @throws {ConnectionError} when the server is unreachable, {HiddenError} when there may be one that the user cannot see.
   */
  async find(key: string): Promise<LiveObject | undefined> {
    return this.certain(key, await this.peek(key));
  }

  /** One object or database; undefined when the user can see none: for values that can also be obtained elsewhere. */
  async peek(key: string): Promise<LiveObject | undefined> {
    return this.placed(key, await this.peekEverywhere(key));
  }

  private placed(key: string, found: LiveObject | undefined): LiveObject | undefined {
    return this.isAlone(key) ? hereOnly(found) : found;
  }

  private async peekEverywhere(key: string): Promise<LiveObject | undefined> {
    const { database, name } = keyParts(key);
    if (isFunction(key)) return (await this.allFunctions()).get(key);
    if (isOfSpace(key, "grants"))
      return readGrants(await this.connect(), await this.privileges(), keyParts(key).name ?? "");
    if (isOfSpace(key, "grant")) return readGrant(await this.connect(), await this.privileges(), key);
    if (isCollection(key)) return (await this.allCollections()).get(key);
    const kind = accessKindOf(key);
    if (kind !== undefined) return (await this.allEntities(kind)).get(key);
    const databases = await this.databaseNames();
    if (name === undefined || !databases.has(database)) return name === undefined ? databases.get(database) : undefined;
    return this.changed.has(key) ? this.objects.load(key) : (await this.databases.load(database)).get(key);
  }

  /** One object as it is right now, bypassing the cache. @throws as {@link ServerCatalog.find}. */
  async findNow(key: string): Promise<LiveObject | undefined> {
    this.forget(key);
    return keyParts(key).name === undefined || isInNoDatabase(key)
      ? this.find(key)
      : this.certain(key, this.placed(key, await this.objects.load(key)));
  }

  private async certain(key: string, found: LiveObject | undefined): Promise<LiveObject | undefined> {
    if (found === undefined && isCollection(key))
      await refuseHiddenCollection(await this.connect(), keyParts(key).name ?? "");
    // The list of functions is open to everybody, and that of users, roles and the like is seen as a whole or not at all.
    if (found !== undefined || isInNoDatabase(key)) return found;
    try {
      await this.absence(key);
      return undefined;
    } catch (error) {
      if (!(error instanceof HiddenError)) throw error;
      return this.lookAgain(key);
    }
  }

  /** Somebody else may have created an object that the cached lists lack: only one that a fresh list lacks too may be hidden. */
  private async lookAgain(key: string): Promise<LiveObject | undefined> {
    const { database, name } = keyParts(key);
    const parent = objectKey(database);
    if (!(await this.databaseNames()).has(parent)) this.forget(parent);
    this.forget(key);
    const found = name === undefined ? await this.peek(key) : this.placed(key, await this.objects.load(key));
    if (found === undefined) await this.absence(key);
    return found;
  }

  /** If the database does not exist, neither does the object. */
  private async absence(key: string): Promise<void> {
    const { database, name } = keyParts(key);
    const isShown = (await this.databaseNames()).has(objectKey(database));
    if (name !== undefined && !isShown) return this.absence(objectKey(database));
    const known = this.absent.get(key) ?? this.connect().then((connection) => refuseHidden(connection, key));
    this.absent.set(key, known);
    await known;
  }

  /** Everything in a database. */
  async inDatabase(database: string): Promise<readonly LiveObject[]> {
    for (const key of this.changed) if (keyParts(key).database === database) this.forgetDatabase(database);
    return [...(await this.databases.load(database)).values()];
  }

  /** Every materialized view on the server. */
  async materializedViews(): Promise<readonly LiveObject[]> {
    this.views ??= this.loadViews().catch((error: unknown) => {
      this.views = undefined;
      throw error;
    });
    return [...(await this.views).values()];
  }

  /**
   * Everything on the server that reads through a query or as a source: views of all kinds, dictionaries, and tables that look values up in
   * a dictionary or Join table.
   */
  async allReaders(): Promise<readonly LiveObject[]> {
    this.readers ??= this.loadReaders().catch((error: unknown) => {
      this.readers = undefined;
      throw error;
    });
    return this.readers;
  }

  /** Tables that pass rows on to others from files or memory of their own: Distributed and Buffer. One query for all. */
  async allSenders(): Promise<readonly LiveObject[]> {
    this.senders ??= this.connect()
      .then((connection) => readObjects(connection, "engine IN ('Distributed', 'Buffer')"))
      .catch((error: unknown) => {
        this.senders = undefined;
        throw error;
      });
    return this.senders;
  }

  /** Every SQL function; keys have no database. One query for all. */
  async allFunctions(): Promise<ReadonlyMap<string, LiveObject>> {
    this.functions ??= this.loadFunctions().catch((error: unknown) => {
      this.functions = undefined;
      throw error;
    });
    return this.functions;
  }

  /** The privileges that the server knows. One query for all. */
  async privileges(): Promise<Lattice> {
    this.lattice ??= this.connect()
      .then(readLattice)
      .catch((error: unknown) => {
        this.lattice = undefined;
        throw error;
      });
    return this.lattice;
  }

  /** What every user and role may do that may do something. @throws {HiddenError} when the user may not see it. */
  async allGrants(): Promise<LiveObject[]> {
    return readAllGrants(await this.connect(), await this.privileges());
  }

  /** Every named collection that this user may see. One query. */
  async allCollections(): Promise<ReadonlyMap<string, LiveObject>> {
    this.collections ??= this.loadCollections().catch((error: unknown) => {
      this.collections = undefined;
      throw error;
    });
    return this.collections;
  }

  /** Every user, role or the like; two queries for all. @throws {HiddenError} when the user may not see them. */
  async allEntities(kind: AccessKind): Promise<ReadonlyMap<string, LiveObject>> {
    const known = this.entities.get(kind);
    if (known !== undefined) return known;
    const loading = this.connect().then((connection) => readEntities(connection, kind));
    this.entities.set(kind, loading);
    loading.catch(() => this.entities.delete(kind));
    return loading;
  }

  /** Removes the object from the cache, because it was just changed. */
  forget(key: string): void {
    const { database, name } = keyParts(key);
    const kind = accessKindOf(key);
    if (isFunction(key)) this.functions = undefined;
    else if (isCollection(key)) this.collections = undefined;
    else if (kind !== undefined) this.entities.delete(kind);
    else if (name === undefined) {
      this.names = undefined;
      this.forgetDatabase(database);
      this.absent.clear();
    } else {
      this.changed.add(key);
      this.absent.delete(key);
    }
    void this.views?.then((views) => views.delete(key)).catch(() => undefined);
    this.readers = undefined;
    this.senders = undefined;
  }

  private forgetDatabase(database: string): void {
    this.databases.clear(database);
    for (const key of this.changed) if (keyParts(key).database === database) this.changed.delete(key);
  }

  private databaseNames(): Promise<ReadonlyMap<string, LiveObject>> {
    this.names ??= this.loadNames().catch((error: unknown) => {
      this.names = undefined;
      throw error;
    });
    return this.names;
  }

  private async loadNames(): Promise<ReadonlyMap<string, LiveObject>> {
    return byKey(await readDatabases(await this.connect()));
  }

  private async loadDatabases(names: readonly string[]): Promise<ReadonlyMap<string, LiveObject>[]> {
    const objects = await readObjects(await this.connect(), "database IN {names:Array(String)}", { names });
    const found = new Map(names.map((name) => [name, new Map<string, LiveObject>()]));
    for (const object of objects) found.get(keyParts(object.key).database)?.set(object.key, object);
    return names.map((name) => found.get(name) ?? new Map());
  }

  private async loadViews(): Promise<Map<string, LiveObject>> {
    return byKey(await readObjects(await this.connect(), "engine = 'MaterializedView'"));
  }

  private async loadReaders(): Promise<readonly LiveObject[]> {
    return readObjects(
      await this.connect(),
      "(engine IN ('View', 'MaterializedView', 'Dictionary') OR match(create_table_query, '(?i)(dict|joinGet)[a-z]*[(]'))",
    );
  }

  private async loadFunctions(): Promise<ReadonlyMap<string, LiveObject>> {
    return byKey(await readFunctions(await this.connect()));
  }

  private async loadCollections(): Promise<ReadonlyMap<string, LiveObject>> {
    const found = await readCollections(await this.connect());
    return new Map(found.map((one) => [one.key, one]));
  }

  private async loadObjects(keys: readonly string[]): Promise<(LiveObject | undefined)[]> {
    const parts = keys.map(keyParts);
    const objects = await readObjects(
      await this.connect(),
      "database IN {databases:Array(String)} AND name IN {names:Array(String)}",
      {
        databases: [...new Set(parts.map((part) => part.database))],
        names: [...new Set(parts.map((part) => part.name ?? ""))],
      },
    );
    const found = byKey(objects);
    return keys.map((key) => found.get(key));
  }
}

function byKey(objects: readonly LiveObject[]): Map<string, LiveObject> {
  return new Map(objects.map((object) => [object.key, object]));
}

/** Functions are in no database, and in no other space. */
function isFunction(key: string): boolean {
  const { database, name } = keyParts(key);
  return database === "" && name !== undefined;
}

function isCollection(key: string): boolean {
  return isOfSpace(key, "namedCollection");
}

function isOfSpace(key: string, kind: ObjectKind): boolean {
  return keyParts(key).database === keyParts(keyNamed(kind, undefined, "")).database;
}
