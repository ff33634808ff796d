import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";

/** An argument as its docstring describes it. */
export interface ArgumentDoc {
  readonly name: string;
  /** As written, without `Input<…>` around it. */
  readonly type: string;
  readonly text: string;
  readonly optional: boolean;
}

/** Reads the interfaces of a folder. The result returns an interface's members, its own first, then inherited ones. */
export function readArguments(folder: string): (name: string) => ArgumentDoc[] {
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  for (const file of readdirSync(folder).filter((one) => one.endsWith(".ts"))) {
    const path = join(folder, file);
    const source = ts.createSourceFile(path, ts.sys.readFile(path) ?? "", ts.ScriptTarget.Latest, true);
    source.forEachChild((node) => {
      if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node);
    });
  }
  const read = (name: string): ArgumentDoc[] => {
    const found = interfaces.get(name);
    if (found === undefined) throw new Error(`no interface ${name} in ${folder}`);
    const bases = (found.heritageClauses ?? []).flatMap(({ types }) => types.map((type) => type.expression.getText()));
    const inherited = bases.filter((base) => interfaces.has(base)).flatMap(read);
    const own = found.members.filter(ts.isPropertySignature).map((member) => describe(name, member));
    const names = new Set(own.map((one) => one.name));
    return [...own, ...inherited.filter((one) => !names.has(one.name))];
  };
  return read;
}

function describe(owner: string, member: ts.PropertySignature): ArgumentDoc {
  const name = member.name.getText();
  const [doc] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
  const text = doc === undefined ? undefined : ts.getTextOfJSDocComment(doc.comment);
  if (text === undefined || text === "") throw new Error(`${owner}.${name} has no docstring`);
  const plain = text.replaceAll(/\{@link (\w+(?:\.\w+)?)\}/g, "`$1`");
  return {
    name,
    type: shorten((member.type?.getText() ?? "").replaceAll(/\s*\/\*\*.*?\*\//gs, "")),
    text: plain,
    optional: member.questionToken !== undefined,
  };
}

/** `Input<Input<string>[]>` simplified for readers: `string[]`. */
function shorten(type: string): string {
  let text = type.replaceAll(/\s+/g, " ");
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replaceAll(/\bInput<((?:[^<>]|<[^<>]*>)*)>/g, "$1");
  }
  return text.trim().replace(/^\| /, "");
}
