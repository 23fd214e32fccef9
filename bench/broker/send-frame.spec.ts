import { describe, expect, it } from '@jest/globals';
import { decodeFrame, decodeProperties, SendMessageV2 } from '@rocketshop/mq-protocol';
import { BodyOffset, opaqueOf, SendFrameRing } from './send-frame.js';

describe.each(['JSON', 'ROCKETMQ'] as const)('a patched send request with a %s header', (header) => {
  const options = { topic: 'bench', header, bodyBytes: 128, connection: 3, capacity: 4 };

  it('reads as what a Java client sends', () => {
    const ring = new SendFrameRing(options);
    const before = Date.now();
    ring.fill(13, 2.5);
    const [piece] = ring.pieces(13, 1);
    const command = decodeFrame(piece ?? Buffer.alloc(0));
    const { a, b, d, e, g, i } = SendMessageV2.readRequest(command);
    expect(command).toMatchObject({ code: 310, opaque: opaqueOf(13), serializeType: header });
    expect({ a, b, d, e }).toEqual({ a: 'bench-producer', b: 'bench', d: 8, e: 5 });
    expect(g).toBeGreaterThanOrEqual(before);
    expect(decodeProperties(i ?? '')).toEqual({ UNIQ_KEY: '7F000001BEBC0003AAAAAAAA00000013', WAIT: 'true' });
    expect(command.body).toHaveLength(128);
    expect(command.body?.readUInt32BE(BodyOffset.CONNECTION)).toBe(3);
    expect(command.body?.readUInt32BE(BodyOffset.SEQUENCE)).toBe(13);
    expect(command.body?.readDoubleBE(BodyOffset.DUE)).toBe(2.5);
  });

  it('gives a run of messages in one piece, or in two where the ring ends', () => {
    const ring = new SendFrameRing(options);
    for (let sequence = 2; sequence < 6; sequence += 1) ring.fill(sequence, 0);
    const sequences = (pieces: Buffer[]): number[][] =>
      pieces.map((piece) =>
        Array.from({ length: piece.length / ring.frameBytes }, (_, index) => {
          const frame = piece.subarray(index * ring.frameBytes, (index + 1) * ring.frameBytes);
          return decodeFrame(frame).body?.readUInt32BE(BodyOffset.SEQUENCE) ?? -1;
        }),
      );
    expect(sequences(ring.pieces(2, 2))).toEqual([[2, 3]]);
    expect(sequences(ring.pieces(2, 4))).toEqual([
      [2, 3],
      [4, 5],
    ]);
  });
});
