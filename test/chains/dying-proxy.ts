/** A way to a server on which a run dies: from one statement on nothing passes. */
import { createServer, request } from "node:http";

export interface DyingProxy {
  readonly url: string;
  /** Statements that change something, so far. */
  readonly statements: number;
  readonly isDead: boolean;
  /** Fails when the run dies. */
  readonly death: Promise<never>;
  close(): Promise<void>;
}

/** A run ended at this statement. */
export class Died extends Error {}

const CHANGES = /^(?:\/\*.*?\*\/ )?\s*(?:ALTER|CREATE|DROP|RENAME|EXCHANGE|INSERT)\b/i;

/**
 * @param diesAt which statement is the last; none by default.
 * @param reaches whether it still gets to the server.
 */
export async function startDyingProxy(target: string, diesAt?: number, reaches = false): Promise<DyingProxy> {
  const { hostname, port } = new URL(target);
  let statements = 0;
  let isDead = false;
  let die: (reason: Error) => void = () => undefined;
  const death = new Promise<never>((_, reject) => (die = reject));
  death.catch(() => undefined);
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      const text = new URL(incoming.url ?? "/", "http://x").searchParams.get("query") ?? body.toString();
      const dies = !isDead && CHANGES.test(text) && statements++ === diesAt;
      if (isDead) return void incoming.socket.destroy();
      if (dies) {
        isDead = true;
        die(new Died(text));
      }
      if (dies && !reaches) return void incoming.socket.destroy();
      const { headers, method, url } = incoming;
      const forward = request({ hostname, port, path: url, method, headers }, (answer) => {
        if (dies) return void incoming.socket.destroy();
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      forward.on("error", () => incoming.socket.destroy());
      forward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get statements() {
      return statements;
    },
    get isDead() {
      return isDead;
    },
    death,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
