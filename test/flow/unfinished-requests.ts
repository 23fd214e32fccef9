import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const HEAD = 'POST /orders HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\ncontent-length: 500\r\n';

/** What clients leave open: nothing sent, half a line, half a header, and a body that does not end. */
const UNFINISHED = ['', 'POST /ord', HEAD, `${HEAD}\r\n{"items":`];

/** Opens connections that never send a whole request, and one that is kept after the metrics were read. */
export async function leaveOpen(httpUrl: string, internalUrl: string): Promise<Socket[]> {
  const metrics = 'GET /metrics HTTP/1.1\r\nhost: shop\r\n\r\n';
  return Promise.all([...UNFINISHED.map((text) => open(httpUrl, text)), open(internalUrl, metrics)]);
}

async function open(url: string, text: string): Promise<Socket> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port) });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}
