import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Secret } from '../config/secret.js';
import { FRAME_BYTES_MAX } from './frame-reader.js';
import { RpcSocket } from './rpc-socket.js';
import type { Message } from './rpc-socket.js';
import { MAC_LENGTH, SessionKeys } from './session-keys.js';

const TERMS = { keyId: 'one', from: 'order', callerNonce: 'a'.repeat(22), serverNonce: 'b'.repeat(22) };
const SECRET = { id: 'one', secret: new Secret('s'.repeat(40)) };
/** The JSON of `{"text":""}`, and the longest text that a frame holds. */
const TEXT_MAX = FRAME_BYTES_MAX - MAC_LENGTH - 2 - 11;

let server: Server | undefined;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
});

interface Received {
  readonly messages: readonly Message[];
  readonly frames: number;
}

/** A signed session. @returns its sending end, and what the other end has received when the sender ends */
async function session(): Promise<{ readonly sender: RpcSocket; readonly received: Promise<Received> }> {
  const listening = createServer().listen(0, '127.0.0.1');
  server = listening;
  await once(listening, 'listening');
  const received = once(listening, 'connection').then(([socket]) => receive(socket as Socket));
  const socket = connect((listening.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  const sender = new RpcSocket(socket, { onMessage: () => undefined, onClose: () => undefined });
  sender.signWith(SessionKeys.of(SECRET, TERMS, 'caller'));
  return { sender, received };
}

function receive(socket: Socket): Promise<Received> {
  sockets.push(socket);
  const messages: Message[] = [];
  let frames = 0;
  const keys = SessionKeys.of(SECRET, TERMS, 'server');
  // Each frame is verified once.
  const counting = Object.assign(Object.create(keys) as SessionKeys, {
    verify: (body: Buffer) => ++frames > 0 && keys.verify(body),
  });
  return new Promise((resolve, reject) => {
    const end = new RpcSocket(socket, {
      onMessage: (message) => void messages.push(message),
      onClose: (error) => (error ? reject(error) : resolve({ messages, frames })),
    });
    end.signWith(counting);
  });
}

describe('messages of one turn of the event loop', () => {
  it('arrive in their order, in one frame with one MAC', async () => {
    const { sender, received } = await session();
    for (let id = 0; id < 50; id++) sender.send({ id });
    sender.end();
    const { messages, frames } = await received;
    expect(messages.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, id) => id));
    expect(frames).toBe(1);
  });

  it('take several frames when they are long, and none is longer than a frame may be', async () => {
    const { sender, received } = await session();
    const texts = [1, TEXT_MAX, 7, 8, TEXT_MAX - 1, TEXT_MAX - 12, 9_000, 60_000, 6_000, 2].map((n) =>
      'ü'.repeat(n / 2),
    );
    for (const text of texts) sender.send({ text });
    sender.end();
    expect((await received).messages.map(({ text }) => text)).toEqual(texts);
  });

  it('are refused to their sender where one alone is longer than a frame, and the others arrive', async () => {
    const { sender, received } = await session();
    sender.send({ id: 1 });
    expect(() => sender.send({ text: 'x'.repeat(TEXT_MAX + 1) })).toThrow('longer than a frame may be');
    sender.send({ text: 'x'.repeat(TEXT_MAX) });
    sender.end();
    expect((await received).messages).toHaveLength(2);
  });
});
