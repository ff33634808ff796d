import { isObjectKind } from "../sql/kinds";
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

/** @throws {SchemaError} naming every wrong argument. */
export function toldDeclaration({ kind, database, name, args }: Told): Declaration {
  return declarationOf(kind, readRequest({ database, name, statement: JSON.stringify(args) }));
}

function isTold(value: unknown): value is Told {
  const { kind, resourceName, name, args } = (value ?? {}) as Record<string, unknown>;
  const isNamed = typeof resourceName === "string" && typeof name === "string";
  return isNamed && isObjectKind(kind) && typeof args === "object" && args !== null;
}
