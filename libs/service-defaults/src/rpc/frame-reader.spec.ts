import { describe, expect, it, jest } from '@jest/globals';
import { FRAME_BYTES_MAX, FrameReader, PartialFrames } from './frame-reader.js';

function open(partials = new PartialFrames()) {
  const frames: string[] = [];
  const broken: string[] = [];
  const reader = new FrameReader({
    onFrame: (body) => frames.push(body.toString()),
    onBroken: ({ code }) => broken.push(code),
    partials,
  });
  return { reader, frames, broken, push: (text: string) => reader.push(Buffer.from(text)) };
}

describe('frames', () => {
  const wire = '5#hello2#{}12#größer ✓';

  it('are the same however their bytes are cut', () => {
    for (let size = 1; size <= Buffer.byteLength(wire); size++) {
      const { reader, frames, broken } = open();
      const bytes = Buffer.from(wire);
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      expect([frames, broken]).toEqual([['hello', '{}', 'größer ✓'], []]);
    }
  });

  it.each([
    ['0#', 'FRAME_EMPTY'],
    ['#', 'FRAME_MALFORMED'],
    ['-1#', 'FRAME_MALFORMED'],
    ['1e3#', 'FRAME_MALFORMED'],
    ['{"id":1}', 'FRAME_MALFORMED'],
    [`${FRAME_BYTES_MAX + 1}#`, 'FRAME_TOO_LONG'],
    ['134217728#', 'FRAME_TOO_LONG'],
    ['0000000001#x', 'FRAME_TOO_LONG'],
  ])('that begin with %p are refused: %s', (text, code) => {
    const { push, frames, broken } = open();
    push(text);
    push('2#{}');
    expect([frames, broken]).toEqual([[], [code]]);
  });

  it('must be finished in time, and more bytes of the same frame give no more time', () => {
    jest.useFakeTimers();
    try {
      const { push, broken } = open();
      push('10#a');
      for (let second = 0; second < 4; second++) {
        jest.advanceTimersByTime(1_000);
        push('a');
      }
      expect(broken).toEqual([]);
      jest.advanceTimersByTime(1_001);
      expect(broken).toEqual(['FRAME_LATE']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('that are unfinished share their memory: who began first gives way', () => {
    const partials = new PartialFrames(25);
    const peers = Array.from({ length: 3 }, () => open(partials));
    for (const { push } of peers) push('10#a');
    expect(peers.map(({ broken }) => broken)).toEqual([['PARTIAL_FRAMES_FULL'], [], []]);
    expect(partials.bytes).toBe(20);
    for (const { push } of peers.slice(1)) push('a'.repeat(9));
    expect(peers.map(({ frames }) => frames.length)).toEqual([0, 1, 1]);
    expect(partials.bytes).toBe(0);
    const { reader, push } = open(partials);
    push('10#a');
    reader.close();
    expect(partials.bytes).toBe(0);
  });
});
