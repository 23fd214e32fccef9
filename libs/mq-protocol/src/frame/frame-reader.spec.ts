import { describe, expect, it } from '@jest/globals';
import { FrameError } from '../errors.js';
import { recordedFrames } from '../fixtures/recorded.js';
import { decodeFrame } from './decode-frame.js';
import { encodeFrame } from './encode-frame.js';
import { FrameReader } from './frame-reader.js';
import { createRequest } from './remoting-command.js';
import type { RemotingCommand } from './remoting-command.js';

const seeds = recordedFrames();
const expected = seeds.map(decodeFrame);

/** Delivers the bytes in chunks through one reused buffer that is overwritten after every hand-over. */
function readThrough(bytes: Buffer, chunkBytes: (position: number) => number): RemotingCommand[] {
  const commands: RemotingCommand[] = [];
  const reader = new FrameReader((view) => {
    commands.push(view.toCommand());
    return true;
  });
  const reused = Buffer.alloc(256 * 1024);
  for (let position = 0; position < bytes.length;) {
    const length = Math.min(chunkBytes(position), bytes.length - position);
    bytes.copy(reused, 0, position, position + length);
    reader.push(reused, 0, length);
    reused.fill(0xdd);
    position += length;
  }
  expect(reader.partialBytes).toBe(0);
  return commands;
}

const lengthWord = (length: number, headerWord?: number): Buffer => {
  const bytes = Buffer.alloc(headerWord === undefined ? 4 : 8);
  bytes.writeInt32BE(length | 0, 0);
  if (headerWord !== undefined) bytes.writeUInt32BE(headerWord >>> 0, 4);
  return bytes;
};

describe('the frame reader', () => {
  it('reads the same frames when they come one byte at a time, and keeps nothing of the reused buffer', () => {
    expect(readThrough(Buffer.concat(seeds), () => 1)).toEqual(expected);
  });

  it('reads frames that come many at once', () => {
    const copies = Array.from({ length: 4 }, () => seeds).flat();
    expect(copies.length).toBeGreaterThan(100);
    const commands = readThrough(Buffer.concat(copies), () => 256 * 1024);
    expect(commands).toEqual(copies.map(decodeFrame));
  });

  it('reads frames cut at random places', () => {
    let random = 12_345;
    const next = (): number => (random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff);
    for (let round = 0; round < 20; round += 1) {
      expect(readThrough(Buffer.concat(seeds), () => 1 + (next() % 700))).toEqual(expected);
    }
  });

  it('reads a frame larger than any chunk', () => {
    const frame = encodeFrame(createRequest(10, { body: Buffer.alloc(3_000_000, 7) }));
    const commands = readThrough(Buffer.concat([frame, frame]), () => 65_536);
    expect(commands.map((command) => command.body?.length)).toEqual([3_000_000, 3_000_000]);
  });

  it.each([-1, 0, 1, 3, -0x80000000, 0x7fffffff, 16 * 1024 * 1024 + 1])(
    'refuses the length %d at once, before anything is set aside',
    (length) => {
      const reader = new FrameReader(() => true);
      expect(() => reader.push(lengthWord(length))).toThrow(FrameError);
      expect(reader.partialBytes).toBe(0);
    },
  );

  it('waits for the rest of the longest frame that is allowed, holding only what has arrived', () => {
    const reader = new FrameReader(() => true);
    reader.push(lengthWord(16 * 1024 * 1024, 100));
    expect(reader.partialBytes).toBe(8);
  });

  it('refuses a broken header word as soon as it is there', () => {
    for (const word of [0x02000010, 0xff000010, 101 - 3, 0x00ffffff]) {
      const reader = new FrameReader(() => true);
      expect(() => reader.push(lengthWord(101, word))).toThrow(FrameError);
      const slow = new FrameReader(() => true);
      expect(() => {
        for (const byte of lengthWord(101, word)) slow.push(Buffer.from([byte]));
        slow.push(Buffer.from([0]));
      }).toThrow(FrameError);
    }
  });

  it('stops in the middle of a chunk when the connection was closed', () => {
    let seen = 0;
    const reader = new FrameReader(() => {
      seen += 1;
      return seen < 2;
    });
    reader.push(Buffer.concat(seeds));
    reader.push(Buffer.concat(seeds));
    expect(seen).toBe(2);
  });
});
