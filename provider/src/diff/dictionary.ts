import { renderAttribute } from "../sql/render/dictionary";
import type { DictionarySpec } from "../sql/spec";
import { type Change, pair } from "./changes";

/** Differences of two dictionaries, besides name and comment. */
export function diffDictionary(from: DictionarySpec, to: DictionarySpec): Change[] {
  return [...attributeChanges(from, to), ...clauseChanges(from, to), ...settingChanges(from, to)];
}

function attributeChanges(from: DictionarySpec, to: DictionarySpec): Change[] {
  const [before, after] = [byName(from), byName(to)];
  const changes: Change[] = from.attributes.flatMap(({ name, type }): Change[] =>
    after.has(name) ? [] : [{ kind: "column-dropped", column: { name, type }, inKey: false }],
  );
  for (const one of to.attributes) {
    const old = before.get(one.name);
    if (old === undefined) changes.push({ kind: "column-added", column: { name: one.name, type: one.type } });
    else if (old.type !== one.type)
      changes.push({ kind: "column-retyped", name: one.name, from: old.type, to: one.type, inKey: false });
    else if (renderAttribute(old) !== renderAttribute(one))
      changes.push({
        kind: "definition",
        from: `${one.name} ${renderAttribute(old)}`,
        to: `${one.name} ${renderAttribute(one)}`,
      });
  }
  return changes.map((change) => Object.freeze(change));
}

function clauseChanges(from: DictionarySpec, to: DictionarySpec): Change[] {
  const clauses = ["source", "lifetime", "layout", "range"] as const;
  const changes = clauses.flatMap((kind): Change[] =>
    from[kind] === to[kind] ? [] : [Object.freeze({ kind, ...pair(from[kind], to[kind]) })],
  );
  if (from.primaryKey === to.primaryKey) return changes;
  return [Object.freeze({ kind: "primary-key" as const, from: from.primaryKey, to: to.primaryKey }), ...changes];
}

function settingChanges({ settings: from = [] }: DictionarySpec, { settings: to = [] }: DictionarySpec): Change[] {
  const values = (list: typeof from) => new Map(list.map(({ name, value }) => [name, value]));
  const [before, after] = [values(from), values(to)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name): Change[] =>
    before.get(name) === after.get(name)
      ? []
      : [Object.freeze({ kind: "setting" as const, name, ...pair(before.get(name), after.get(name)) })],
  );
}

function byName({ attributes }: DictionarySpec) {
  return new Map(attributes.map((one) => [one.name, one]));
}
