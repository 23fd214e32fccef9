import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connectPeer, createRequest, createResponse, encodeFrame, listenPeers } from '@rocketshop/mq-protocol';
import type { Peer, PeerHandlers, PeerServer } from '@rocketshop/mq-protocol';

const HOST = '127.0.0.1';
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function listen(handlers: PeerHandlers, limits = {}): Promise<PeerServer> {
  const server = await listenPeers({ host: HOST, port: 0, handlers, limits });
  cleanups.push(() => server.close());
  return server;
}

async function open(server: { port: number }, handlers: PeerHandlers = {}): Promise<Peer> {
  const peer = await connectPeer({ host: HOST, port: server.port, handlers });
  cleanups.push(() => peer.close());
  return peer;
}

function rawSocket(server: PeerServer): Promise<Socket> {
  const socket = connect(server.port, HOST);
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));
const echo: PeerHandlers = { onRequest: (command) => createResponse(command, 0, { body: command.body }) };

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the state was not reached within 5 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('peers over TCP', () => {
  it('ask and answer on one connection in both directions', async () => {
    const server = await listen(echo);
    const client = await open(server, { onRequest: (command) => createResponse(command, 7) });
    const body = Buffer.alloc(300_000, 'rocket');
    expect((await client.request(createRequest(1, { body }), 5000)).body?.equals(body)).toBe(true);
    const [accepted] = server.peers;
    expect((await accepted?.request(createRequest(40), 5000))?.code).toBe(7);
    expect([accepted?.remoteHost, accepted?.remotePort, accepted?.localPort]).toEqual([
      HOST,
      client.localPort,
      server.port,
    ]);
  });

  it('say that an answer is longer than a frame, and keep the connection', async () => {
    const limits = { frameBytesMax: 100_000 };
    const server = await listen(
      { onRequest: (command) => createResponse(command, 0, { body: Buffer.alloc(command.code) }) },
      limits,
    );
    const client = await open(server);
    const refused = await client.request(createRequest(100_001), 5000);
    expect([refused.code, refused.remark]).toEqual([1, expect.stringContaining('a frame may have 100000')]);
    expect((await client.request(createRequest(99_000), 5000)).body).toHaveLength(99_000);
  });

  it('keep a thousand requests of several connections apart', async () => {
    const server = await listen(echo);
    const clients = await Promise.all([open(server), open(server), open(server)]);
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        (clients[index % 3] as Peer).request(createRequest(1, { body: Buffer.from(`body-${index}`) }), 5000),
      ),
    );
    expect(answers.map(({ body }) => body?.toString())).toEqual(
      Array.from({ length: 1000 }, (_, index) => `body-${index}`),
    );
  });

  it('read a frame that comes one byte at a time while other connections use the same buffer', async () => {
    const server = await listen(echo);
    const client = await open(server);
    const socket = await rawSocket(server);
    const frame = encodeFrame(createRequest(1, { body: Buffer.from('slowly') }), 5);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const byte of frame) {
      socket.write(Buffer.from([byte]));
      await client.request(createRequest(1, { body: Buffer.alloc(100, 0xdd) }), 5000);
    }
    await until(() => chunks.length > 0);
    expect(Buffer.concat(chunks).toString('latin1')).toContain('slowly');
  });

  it('close what speaks another protocol, without an answer', async () => {
    const server = await listen(echo);
    const socket = await rawSocket(server);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await closed(socket);
    await until(() => server.peers.size === 0);
    expect(received).toBe(0);
  });

  it('close a peer that asks and never reads, and serve the others', async () => {
    const reasons: (Error | undefined)[] = [];
    const server = await listen(
      { ...echo, onClose: (_, error) => reasons.push(error) },
      { writableBytesMax: 1 << 20, writableBytesHardMax: 4 << 20 },
    );
    const socket = await rawSocket(server);
    socket.pause();
    const [peer] = server.peers;
    for (let index = 0; index < 24 && peer?.closed === false; index += 1) peer.write(Buffer.alloc(1 << 20));
    await until(() => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: 'SLOW_READER' });
    expect((await (await open(server)).request(createRequest(1), 5000)).code).toBe(0);
  });

  it('fail their requests at once when the other side goes away', async () => {
    const server = await listen({ onRequest: () => undefined });
    const client = await open(server);
    const pending = [1, 2, 3].map((code) => client.request(createRequest(code), 60_000));
    await until(() => server.peers.size === 1);
    const failures = Promise.allSettled(pending);
    await server.close();
    for (const result of await failures) expect(result).toMatchObject({ reason: { code: 'CONNECTION_CLOSED' } });
    expect(client.closed).toBe(true);
  });

  it('give up on an answer that does not come, and drop it when it comes late', async () => {
    let late: (() => void) | undefined;
    const server = await listen({
      onRequest: (command, peer) => {
        if (command.code !== 1) return createResponse(command, 0);
        late = () => peer.reply(createResponse(command, 9));
        return undefined;
      },
    });
    const client = await open(server);
    await expect(client.request(createRequest(1), 60)).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    late?.();
    expect((await client.request(createRequest(2), 5000)).code).toBe(0);
  });

  it('give up connecting when nobody waits for it any more', async () => {
    const server = await listen(echo);
    const waiting = new AbortController();
    const connecting = connectPeer({ host: HOST, port: server.port, signal: waiting.signal });
    waiting.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    const late = connectPeer({ host: HOST, port: server.port, signal: waiting.signal });
    await expect(late).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    await until(() => server.peers.size === 0);
  });

  it('are closed in time although the other side never closes its end', async () => {
    const server = await listen(echo);
    const deaf = connect({ port: server.port, host: HOST, allowHalfOpen: true });
    cleanups.push(() => deaf.destroy());
    await until(() => server.peers.size === 1);
    deaf.pause();
    const startedAt = performance.now();
    await server.close();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  it('are refused where nobody listens', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, HOST, () => resolve((server.address() as { port: number }).port)),
    );
    await new Promise((resolve) => server.close(resolve));
    await expect(connectPeer({ host: HOST, port })).rejects.toMatchObject({ code: 'CONNECT_FAILED', retriable: true });
  });

  it('beyond the limit are closed', async () => {
    const server = await listen(echo, { connectionsMax: 1 });
    const first = await open(server);
    const second = await rawSocket(server);
    await closed(second);
    expect((await first.request(createRequest(1), 5000)).code).toBe(0);
  });

  it('stop accepting while open connections go on', async () => {
    const server = await listen(echo);
    const client = await open(server);
    await client.request(createRequest(1), 5000);
    server.stopAccepting();
    expect((await client.request(createRequest(1), 5000)).code).toBe(0);
    await expect(connectPeer({ host: HOST, port: server.port })).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
  });
});
