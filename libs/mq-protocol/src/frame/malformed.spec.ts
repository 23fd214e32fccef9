import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../errors.js';
import { recordedFrames } from '../fixtures/recorded.js';
import { RequestCode } from '../tables/request-code.js';
import { encodeFrame } from './encode-frame.js';
import { FrameReader } from './frame-reader.js';
import { FrameView } from './frame-view.js';
import { createRequest } from './remoting-command.js';
import type { RemotingCommand } from './remoting-command.js';

const view = new FrameView();

/** Decodes; anything but success or a ProtocolError is a defect. */
function attempt(frame: Buffer): RemotingCommand | undefined {
  try {
    view.reset(frame, 0, frame.length);
    return view.toCommand();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** One frame of every request code in both header forms, and everything recorded. */
const seeds: Buffer[] = [
  ...Object.values(RequestCode).flatMap((code) =>
    (['JSON', 'ROCKETMQ'] as const).map((serializeType) =>
      encodeFrame(
        createRequest(code, {
          extFields: { topic: 'T', queueId: '1', properties: 'A\u0001b\u0002' },
          body: Buffer.from('{"a":[1]}'),
          remark: 'r\n',
          serializeType,
        }),
      ),
    ),
  ),
  ...recordedFrames(),
];

/** A small generator with a fixed seed: failures can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

describe('broken frames', () => {
  it('are refused at every byte they can be cut off, with their length and without', () => {
    for (const seed of seeds) {
      for (let end = 0; end < seed.length; end += 1) {
        const cut = seed.subarray(0, end);
        if (attempt(cut) !== undefined) throw new Error(`a frame cut at ${end} was read: ${seed.toString('hex')}`);
        if (end < 8) continue;
        const claimed = Buffer.from(cut);
        claimed.writeInt32BE(end - 4, 0);
        attempt(claimed);
      }
    }
  });

  it('are refused for every serialize byte but two, with every kind of header length', () => {
    for (const seed of [seeds[0], seeds[1]] as Buffer[]) {
      const length = seed.readInt32BE(0);
      for (let serializeByte = 0; serializeByte < 256; serializeByte += 1) {
        for (const headerBytes of [0, 1, length - 4, length - 3, 0xffffff]) {
          const frame = Buffer.from(seed);
          frame.writeUInt32BE(((serializeByte << 24) | headerBytes) >>> 0, 4);
          const command = attempt(frame);
          if (command !== undefined && (serializeByte > 1 || headerBytes > length - 4)) {
            throw new Error(`the header word ${serializeByte} ${headerBytes} was accepted`);
          }
        }
      }
    }
  });

  it('never throw anything but a ProtocolError, whatever is flipped, spliced, inserted or deleted', () => {
    const random = randomNumbers(2026);
    const pick = (): Buffer => seeds[random() % seeds.length] ?? Buffer.alloc(0);
    for (let round = 0; round < 40_000; round += 1) {
      const frame = mutate(pick(), pick(), random);
      attempt(frame);
      if (frame.length >= 8 && round % 2 === 0) {
        frame.writeInt32BE(frame.length - 4, 0);
        attempt(frame);
      }
    }
  });

  it('never hang or upset the reader', () => {
    const random = randomNumbers(7);
    for (let round = 0; round < 3_000; round += 1) {
      const stream = Buffer.concat(
        [0, 1, 2].map(() => mutate(seeds[random() % seeds.length] as Buffer, seeds[0] as Buffer, random)),
      );
      const reader = new FrameReader(() => true);
      try {
        for (let at = 0; at < stream.length; at += 97) reader.push(stream, at, Math.min(at + 97, stream.length));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  });

  it('are read as JSON.parse reads them, or refused by both', () => {
    const random = randomNumbers(99);
    const jsonSeeds = seeds.filter((seed) => seed[4] === 0);
    for (let round = 0; round < 10_000; round += 1) {
      const frame = Buffer.from(jsonSeeds[random() % jsonSeeds.length] as Buffer);
      const headerBytes = frame.readUInt32BE(4);
      frame[8 + (random() % headerBytes)] = random() & 0x7f;
      const command = attempt(frame);
      const parsed = parse(frame.toString('utf8', 8, 8 + headerBytes));
      if (command === undefined || parsed === undefined) continue;
      expect({ ...command.extFields }).toEqual(textFields(parsed['extFields']));
    }
  });
});

function mutate(seed: Buffer, other: Buffer, random: () => number): Buffer {
  const at = random() % seed.length;
  switch (random() % 6) {
    case 0: {
      const flipped = Buffer.from(seed);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (random() % 8));
      return flipped;
    }
    case 1: {
      const changed = Buffer.from(seed);
      changed.writeInt32BE(random() | 0, Math.min(at, seed.length - 4));
      return changed;
    }
    case 2:
      return Buffer.concat([seed.subarray(0, at), other.subarray(random() % other.length)]);
    case 3:
      return Buffer.concat([seed.subarray(0, at), Buffer.alloc(random() % 4096, random()), seed.subarray(at)]);
    case 4:
      return Buffer.concat([seed.subarray(0, at), seed.subarray(Math.min(seed.length, at + (random() % 40)))]);
    default: {
      const changed = Buffer.from(seed);
      changed[at] = random();
      changed[random() % seed.length] = [0, 1, 2, 0x22, 0x5c, 0x7b, 0x7d, 0xff][random() % 8] ?? 0;
      return changed;
    }
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** What the decoder must make of parsed fields: scalars as they stand in the text, lonely surrogates replaced. */
function textFields(fields: unknown): Record<string, string> {
  if (typeof fields !== 'object' || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, typeof value === 'string' ? Buffer.from(value).toString() : String(value)]),
  );
}
