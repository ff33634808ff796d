/** A way to a server that tells which statements change something. */
import { createServer, request } from "node:http";

export interface Watch {
  readonly url: string;
  /** Called before a statement is passed on. */
  onChange: (statement: string) => void;
  close(): Promise<void>;
}

const CHANGES = /^(?:\/\*.*?\*\/ )?\s*(?:ALTER|ATTACH|CREATE|DROP|RENAME|EXCHANGE|INSERT|SYSTEM)\b/i;

/** @param target URL of the server. */
export async function startWatch(target: string): Promise<Watch> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    // Whoever is killed leaves a request behind.
    incoming.on("error", () => undefined);
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      const text = new URL(incoming.url ?? "/", "http://x").searchParams.get("query") ?? body.toString();
      if (CHANGES.test(text)) watch.onChange(text);
      const { headers, method, url } = incoming;
      const forward = request({ hostname, port, path: url, method, headers }, (answer) => {
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
  const watch: Watch = {
    url: `http://127.0.0.1:${address.port}`,
    onChange: () => undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return watch;
}
