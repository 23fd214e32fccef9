import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const SERVER_HELLO = { hello: { nonce: 'n'.repeat(22), signs: false } };
export const WELCOME = { welcome: { service: 'probe', now: 0, nonce: 'n'.repeat(22) } };

const servers: Server[] = [];
const sockets = new Set<Socket>();

/** Ends what {@link serve} has started. */
export function closeFakeServers(): void {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
}

export const frame = (message: unknown): string => {
  const json = JSON.stringify(message);
  return `${Buffer.byteLength(json)}#${json}`;
};

export type Frame = Readonly<Record<string, unknown>>;
/** What a server does with the frames of one connection: the hello of the caller, and its calls. */
export type Manner = (socket: Socket, received: Frame, connection: number) => void;

/** A server of our protocol that behaves as the story wants. @returns its port */
export async function serve(manner: Manner): Promise<number> {
  let connections = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    let text = '';
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      for (;;) {
        const [, length] = /^(\d+)#/.exec(text) ?? [];
        if (length === undefined || text.length < length.length + 1 + Number(length)) return;
        const from = length.length + 1;
        const json = JSON.parse(text.slice(from, from + Number(length))) as Frame | readonly Frame[];
        for (const message of [json].flat()) manner(socket, message as Frame, connection);
        text = text.slice(from + Number(length));
      }
    });
    socket.write(frame(SERVER_HELLO));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Greets as it should, and hands over the calls. */
export const greeting =
  (onCall: Manner): Manner =>
  (socket, received, connection) => {
    if ('hello' in received) socket.write(frame(WELCOME));
    else onCall(socket, received, connection);
  };
export const answerTo = ({ id }: Frame, by = 'fake') => frame({ id, response: { ok: true, by } });
