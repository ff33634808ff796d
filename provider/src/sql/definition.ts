import { keyOf } from "./object-key";
import { parseCreate } from "./parse";
import { renderCreate } from "./render";
import type { ObjectSpec } from "./spec";

/** The definition of an object, read from a CREATE statement or made from a spec. The other form is made once, when first asked for. */
export class Definition {
  private made: { spec?: ObjectSpec; text?: string };

  private constructor(made: { spec?: ObjectSpec; text?: string }) {
    this.made = made;
  }

  /** @param text is kept as it is. */
  static read(text: string): Definition {
    return new Definition({ text });
  }

  static of(spec: ObjectSpec): Definition {
    return new Definition({ spec });
  }

  /** As {@link objectKey} has it. @throws as {@link spec}. */
  get key(): string {
    return keyOf(this.spec);
  }

  /** @throws {SqlSyntaxError} where the text is no CREATE statement that this package reads. */
  get spec(): ObjectSpec {
    this.made.spec ??= parseCreate(this.made.text ?? "");
    return this.made.spec;
  }

  /** A statement that can be run as it is. */
  get text(): string {
    this.made.text ??= renderCreate(this.spec);
    return this.made.text;
  }
}
