import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** One place in the source that refuses something. */
export interface Refusal {
  /** `apply/rename/refusals.ts refuseNames`: the file below `provider/src`, and the function around it. */
  readonly place: string;
  /** The literal parts of its text. */
  readonly text: string;
}

const ROOT = path.join(__dirname, "../../provider/src");

/** Errors that the user has to fix: SchemaError and its subclasses. */
const CLASSES: ReadonlySet<string> = new Set([
  "SchemaError",
  ...filesBelow(".").flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), "utf8").matchAll(/class (\w+) extends SchemaError\b/g)].map(
      ([, name = ""]) => name,
    ),
  ),
]);

/** Records which places refuse something from now on, in this process, until it is stopped. */
export function playedRefusals(): { readonly places: ReadonlySet<string>; stop(): void } {
  const places = new Set<string>();
  const errors = require("../../provider/src/errors") as { SchemaError: new (...given: unknown[]) => Error };
  const original = errors.SchemaError;
  errors.SchemaError = new Proxy(original, {
    construct(target, given, newTarget) {
      const frames = (new Error().stack ?? "").split("\n").slice(1);
      for (const frame of frames) {
        const [, name = "", file = ""] =
          /at (?:async )?(?:\w+\.)?(?:new )?(\S+) .*provider\/(?:src|dist)\/(\S+?)\.[jt]s:/.exec(frame) ?? [];
        if (file !== "") places.add(`${file}.ts ${name}`);
        if (file !== "") break;
      }
      return Reflect.construct(target, given, newTarget === errors.SchemaError ? target : newTarget) as object;
    },
  });
  return {
    places,
    stop: () => {
      errors.SchemaError = original;
    },
  };
}

/** Every `new SchemaError(…)`, or of a subclass, below folders of the source, in order. */
export function refusalsIn(...folders: readonly string[]): Refusal[] {
  return folders.flatMap(filesBelow).flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), "utf8"), ts.ScriptTarget.Latest, true);
    const found: Refusal[] = [];
    const visit = (node: ts.Node, around: string): void => {
      const named = nameOf(node) ?? around;
      if (ts.isNewExpression(node) && CLASSES.has(node.expression.getText(source))) {
        found.push({ place: `${file} ${named}`, text: literalsOf(node) });
      }
      ts.forEachChild(node, (child) => visit(child, named));
    };
    visit(source, "(file)");
    return found;
  });
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(path.join(ROOT, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(name) : name.endsWith(".ts") ? [name] : [];
    })
    .sort();
}

function nameOf(node: ts.Node): string | undefined {
  const named = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node);
  if (!named) return undefined;
  return node.name === undefined ? "constructor" : node.name.getText();
}

function literalsOf(node: ts.Node): string {
  const parts: string[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isStringLiteralLike(child)) parts.push(child.text);
    else if (ts.isTemplateHead(child) || ts.isTemplateMiddleOrTemplateTail(child)) parts.push(child.text);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return parts.join("…").slice(0, 160);
}
