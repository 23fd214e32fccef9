import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { CorkedSocket } from './corked-socket.js';

/** Records the messages of every write to a socket. */
class WritesOnly extends Duplex {
  readonly writes: string[][] = [];

  override _read(): void {
    // There is nothing to read.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push([chunk.toString()]);
    done();
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk.toString()));
    done();
  }
}

const open = () => {
  const stream = new WritesOnly();
  return { stream, socket: new CorkedSocket(stream as unknown as Socket) };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('writes the messages of one turn of the event loop together, in their order', async () => {
  const { stream, socket } = open();
  for (const n of [1, 2]) socket.sendMessage({ n });
  await Promise.resolve().then(() => socket.sendMessage({ n: 3 }));
  expect(stream.writes).toEqual([]);
  await turn();
  socket.sendMessage({ n: 4 });
  await turn();
  expect(stream.writes).toEqual([['7#{"n":1}', '7#{"n":2}', '7#{"n":3}'], ['7#{"n":4}']]);
});

it('writes at once what would make the socket ask for a pause', async () => {
  const { stream, socket } = open();
  const long = 'x'.repeat(5_000);
  for (const n of [1, 2, 3]) socket.sendMessage({ n, long });
  expect(stream.writes.map((messages) => messages.length)).toEqual([2]);
  expect(stream.isPaused()).toBe(false);
  await turn();
  expect(stream.writes.map((messages) => messages.length)).toEqual([2, 1]);
});

it('writes its corked messages when it ends', async () => {
  const { stream, socket } = open();
  socket.sendMessage({ n: 1 });
  socket.end();
  expect(stream.writes).toEqual([['7#{"n":1}']]);
  await turn();
  expect(stream.writes).toHaveLength(1);
});
