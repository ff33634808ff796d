/** Arguments of Node with which a test starts a file in TypeScript, without transpiling the provider again. */
export const TYPESCRIPT: readonly string[] = ["-r", require.resolve("./transpile.js")];
