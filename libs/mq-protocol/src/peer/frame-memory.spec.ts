import { describe, expect, it } from '@jest/globals';
import { encodeFrame } from '../frame/encode-frame.js';
import { createRequest } from '../frame/remoting-command.js';
import { FrameMemory } from './frame-memory.js';
import { monotonicMs } from './peer-clock.js';
import { peerLimits } from './peer-limits.js';
import { Peer } from './peer.js';
import { FakeSocket } from './testing/fake-socket.js';
import { UnsentMemory } from './unsent-memory.js';

const KIB = 1024;
const frame = (bytes: number): Buffer => encodeFrame(createRequest(10, { body: Buffer.alloc(bytes, 1) }));

function connections(limits: { largeBytesMax?: number; smallBytesMax?: number; unsentBytesMax?: number }) {
  const frames = new FrameMemory(limits);
  const unsent = new UnsentMemory(limits.unsentBytesMax);
  const codes: number[] = [];
  const connect = () => {
    const socket = new FakeSocket();
    let failure: Error | undefined;
    const handlers = {
      onRequest: ({ code }: { code: number }) => void codes.push(code),
      onClose: (_peer: Peer, error?: Error) => {
        failure = error;
      },
    };
    const peer = new Peer(socket, handlers, peerLimits(), { frames, unsent });
    /** As a socket does: what arrives while nobody reads stays in the kernel. */
    const send = (bytes: Buffer, from = 0, to = bytes.length): boolean =>
      peer.receive(bytes.subarray(from, to), to - from);
    return { peer, socket, send, failure: () => failure?.message };
  };
  return { frames, unsent, connect, codes };
}

describe('the memory for incomplete frames', () => {
  it('closes the connections whose short frames are incomplete for longest, and no others', () => {
    const { frames, connect } = connections({ smallBytesMax: 100 * KIB });
    const half = frame(20 * KIB);
    const hostile = Array.from({ length: 100 }, () => connect());
    for (const { send } of hostile) send(half, 0, 10 * KIB);
    expect(frames.bytes).toBeLessThanOrEqual(100 * KIB);
    expect(hostile.findIndex(({ peer }) => !peer.closed)).toBeGreaterThan(85);
    expect(hostile[0]?.failure()).toMatch(/incomplete for longest/);
    const honest = connect();
    honest.send(half, 0, 10 * KIB);
    expect(honest.peer.closed).toBe(false);
  });

  it('lets long frames wait, in the order in which they came, and loses none', () => {
    const { frames, connect, codes } = connections({ largeBytesMax: 500 * KIB });
    const long = frame(200 * KIB);
    const senders = Array.from({ length: 6 }, () => connect());
    const reading = senders.map(({ send }) => send(long, 0, 70 * KIB));
    expect(reading).toEqual([true, true, false, false, false, false]);
    expect(senders.map(({ socket }) => socket.isPaused)).toEqual([false, false, true, true, true, true]);
    expect(frames.waitingCount).toBe(4);
    for (const { send, socket } of senders) {
      expect(socket.isPaused).toBe(false);
      send(long, 70 * KIB);
    }
    expect(codes).toHaveLength(6);
    expect(frames.bytes).toBe(0);
    expect(frames.waitingCount).toBe(0);
  });

  it('counts no more than what has arrived for a length that is only claimed while it waits', () => {
    const { frames, connect } = connections({ largeBytesMax: 20 * KIB * KIB });
    const claim = frame(15 * KIB * KIB);
    for (let index = 0; index < 100; index += 1) connect().send(claim, 0, 100);
    expect(frames.bytes).toBeLessThan(17 * KIB * KIB);
  });

  it('takes the room of a long frame that hardly arrives while others wait', () => {
    const { connect, codes } = connections({ largeBytesMax: 250 * KIB });
    const long = frame(200 * KIB);
    const [stalled, waiting] = [connect(), connect()];
    stalled.send(long, 0, 1000);
    stalled.peer.scan(monotonicMs() + 5_000);
    expect(stalled.peer.closed).toBe(false);
    waiting.send(long, 0, 1000);
    stalled.peer.scan(monotonicMs() + 5_000);
    expect(stalled.failure()).toMatch(/hardly arrives while others wait/);
    expect(waiting.socket.isPaused).toBe(false);
    waiting.send(long, 1000);
    expect(codes).toEqual([10]);
  });

  it('gives everything back when connections close', () => {
    const { frames, connect } = connections({ largeBytesMax: 250 * KIB });
    const all = Array.from({ length: 10 }, () => connect());
    for (const { send } of all) send(frame(200 * KIB), 0, 1000);
    for (const { peer } of all) peer.close();
    expect([frames.bytes, frames.waitingCount]).toEqual([0, 0]);
  });
});

describe('a frame', () => {
  it.each([
    ['stops after nearly all of it', (sent: number) => sent],
    ['drips', (sent: number) => sent + 1],
    ['comes at the pace of a modem', (sent: number) => sent + 2_000],
  ])('that %s is cut at its time', (_what, next) => {
    const { connect } = connections({});
    const { peer, send, failure } = connect();
    const long = frame(15 * KIB * KIB);
    let sent = 14 * KIB * KIB;
    const start = monotonicMs();
    peer.scan(start);
    send(long, 0, sent);
    for (let ms = 0; ms <= 9_900; ms += 50) {
      peer.scan(start + ms);
      const end = next(sent);
      if (end > sent) send(long, sent, end);
      sent = end;
    }
    expect(failure()).toBeUndefined();
    peer.scan(start + 10_200);
    expect(failure()).toMatch(/begun and not ended/);
  });
});

describe('the memory for unsent bytes', () => {
  it('closes the connection that reads least, however many there are', async () => {
    const { unsent, connect } = connections({ unsentBytesMax: 1000 * KIB });
    const readers = Array.from({ length: 20 }, () => connect());
    for (const { socket } of readers) socket.isBlocked = true;
    for (const [index, { peer }] of readers.entries()) peer.write(Buffer.alloc((index === 3 ? 300 : 70) * KIB));
    await new Promise(setImmediate);
    expect(unsent.bytes).toBeLessThanOrEqual(1000 * KIB);
    expect(readers[3]?.failure()).toMatch(/left 307200 bytes unread/);
    const open = readers.filter(({ peer }) => !peer.closed);
    expect(open.length).toBeGreaterThanOrEqual(14);
    for (const { socket } of open) socket.unblock();
    expect(unsent.bytes).toBe(0);
  });
});
