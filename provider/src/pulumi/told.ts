import { isObjectKind } from "../sql/kinds";
import { objectKey } from "../sql/object-key";
import type { ObjectKind } from "../sql/spec";
import { type Declaration, declarationOf } from "./declared-spec";
import { readRequest } from "./state";

/** What a program reports about a declaration. */
export interface Told {
  readonly kind: ObjectKind;
  readonly resourceName: string;
  readonly database?: string;
  readonly name: string;
  readonly args: object;
}

/** The declarations in a program's answer. */
export function declarationsIn(told: unknown): Told[] {
  return (Array.isArray(told) ? told : []).filter(isTold);
}

/** Keys of objects in databases that a program no longer declares, as far as it has run when it answers. */
export function leavingIn(told: unknown): ReadonlySet<string> {
  const keys = (Array.isArray(told) ? told : []).flatMap((one: unknown) => {
    const { database, leaves, name } = (one ?? {}) as Record<string, unknown>;
    return leaves === true && typeof database === "string" && typeof name === "string"
      ? [objectKey(database, name)]
      : [];
  });
  return new Set(keys);
}

/** @throws {SchemaError} naming every wrong argument. */
export function toldDeclaration({ kind, database, name, args }: Told): Declaration {
  return declarationOf(kind, readRequest({ database, name, statement: JSON.stringify(args) }));
}

function isTold(value: unknown): value is Told {
  const { kind, resourceName, name, args } = (value ?? {}) as Record<string, unknown>;
  const isNamed = typeof resourceName === "string" && typeof name === "string";
  return isNamed && isObjectKind(kind) && typeof args === "object" && args !== null;
}
