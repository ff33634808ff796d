/**
 * What a folder needs besides the program to be a Pulumi project: files by path.
 *
 * @param name of the project.
 * @param version of this package.
 */
export function scaffold(name: string, version: string): ReadonlyMap<string, string> {
  const dependencies = { "@pulumi/pulumi": "^3.216.0", chdb: "3.4.0", "pulumi-clickhouse-schema": `^${version}` };
  // Pulumi compiles with the project's TypeScript; without one it uses its own 3.8, which does not know nodenext.
  const devDependencies = { "@types/node": "^20.19.0", typescript: "~6.0.3" };
  // Neither needs its install script, and npm warns of scripts that are not listed.
  const allowScripts = { chdb: false, protobufjs: false };
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  return new Map([
    ["Pulumi.yaml", `name: ${name}\nruntime: nodejs\nrequiredPulumiVersion: ">=3.254.0"\n`],
    ["package.json", json({ name, private: true, main: "index.ts", dependencies, devDependencies, allowScripts })],
    [".gitignore", "node_modules/\n.clickhouse/\n"],
    ["tsconfig.json", json({ compilerOptions, include: ["*.ts"] })],
  ]);
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
