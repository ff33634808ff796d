/** A way to a server that can be cut. */
import { connect, createServer, type Socket } from "node:net";

/** What is between a client and a server. */
export interface CutProxy {
  readonly url: string;
  /** Breaks all connections that are open; new ones work. @returns how many there were. */
  cut(): number;
  close(): Promise<void>;
}

/** Starts a proxy before a server. @param target its URL. */
export async function startProxy(target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      // Whoever is cut off finds out by itself.
      socket.on("error", () => undefined).on("close", () => open.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  const cut = (): number => {
    const count = open.size;
    for (const socket of open) socket.destroy();
    return count;
  };
  const close = async (): Promise<void> => {
    cut();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${address.port}`, cut, close };
}
