import { encodeFrame, MessageConst, propertiesToString, SendMessageV2 } from '@rocketshop/mq-protocol';
import type { SerializeType } from '@rocketshop/mq-protocol';
import { QUEUES } from './load-protocol.js';

/* Placeholders in the template. Each occurs once in a frame, and its replacement has the same width. */
const OPAQUE = 88_888_888;
const BORN_TIMESTAMP = 1_999_999_999_999;
const QUEUE_ID = 9;
const UNIQ_ID_DIGITS = 8;
const ZERO = 0x30;

/** body = connection u32, sequence u32, due f64 (performance.now() of the sender), filler */
export const BodyOffset = { CONNECTION: 0, SEQUENCE: 4, DUE: 8 } as const;

/** All opaque numbers have eight digits, since a patch must not change the width. That is enough for 80 million messages on a connection. */
const OPAQUE_BASE = 10_000_000;

export const opaqueOf = (sequence: number): number => OPAQUE_BASE + sequence;
export const sequenceOf = (opaque: number): number => opaque - OPAQUE_BASE;

export interface SendFrameOptions {
  readonly topic: string;
  readonly header: SerializeType;
  readonly bodyBytes: number;
  readonly connection: number;
  /** The largest number of unanswered frames. */
  readonly capacity: number;
}

/**
 * Send requests like those of the Java client (code 310, properties UNIQ_KEY and WAIT). A frame is encoded once and then patched
 * for each message, since the load must cost less CPU than the broker that it measures. All frames of a connection lie in one
 * ring, in the order of their numbers, so that neighbouring frames are one write.
 *
 * A place in the ring is used again only after its request was answered. An answer proves that the kernel has taken the request
 * and everything written before it, so no byte changes before the kernel has it.
 */
export class SendFrameRing {
  readonly frameBytes: number;
  private readonly ring: Buffer;
  private readonly opaqueAt: number;
  private readonly queueIdAt: number;
  private readonly bornTimestampAt: number;
  private readonly uniqIdAt: number;
  private readonly bodyAt: number;
  private readonly bornTimestamp = Buffer.alloc(13);
  private bornTimestampMs = 0;

  constructor(private readonly options: SendFrameOptions) {
    const uniqId = uniqIdOf(options.connection);
    const template = encodeTemplate(options, uniqId);
    const isJson = options.header === 'JSON';
    this.frameBytes = template.length;
    this.opaqueAt = isJson ? locate(template, `"opaque":${OPAQUE}`) + '"opaque":'.length : 13;
    this.queueIdAt = isJson
      ? locate(template, `"e":"${QUEUE_ID}"`) + '"e":"'.length
      : locate(template, `\0\u0001e\0\0\0\u0001${QUEUE_ID}`) + 7;
    this.bornTimestampAt = locate(template, String(BORN_TIMESTAMP));
    this.uniqIdAt = locate(template, uniqId) + uniqId.length - UNIQ_ID_DIGITS;
    this.bodyAt = template.length - options.bodyBytes;
    this.ring = Buffer.alloc(template.length * options.capacity, template);
  }

  /** Writes the message `sequence` into its place. The caller must know that the place is free. */
  fill(sequence: number, dueMs: number): void {
    const { ring } = this;
    const start = (sequence % this.options.capacity) * this.frameBytes;
    const opaque = opaqueOf(sequence);
    if (this.options.header === 'JSON') writeDigits(ring, start + this.opaqueAt, 8, opaque);
    else ring.writeInt32BE(opaque, start + this.opaqueAt);
    ring[start + this.queueIdAt] = ZERO + (sequence % QUEUES);
    this.stampBornTime(start + this.bornTimestampAt);
    writeDigits(ring, start + this.uniqIdAt, UNIQ_ID_DIGITS, sequence);
    ring.writeUInt32BE(sequence, start + this.bodyAt + BodyOffset.SEQUENCE);
    ring.writeDoubleBE(dueMs, start + this.bodyAt + BodyOffset.DUE);
  }

  /** The frames `first` to `first + count - 1`: one piece of the ring, or two at its end. */
  pieces(first: number, count: number): Buffer[] {
    const { capacity } = this.options;
    const from = first % capacity;
    const head = Math.min(count, capacity - from);
    const piece = (place: number, frames: number): Buffer =>
      this.ring.subarray(place * this.frameBytes, (place + frames) * this.frameBytes);
    return head === count ? [piece(from, count)] : [piece(from, head), piece(0, count - head)];
  }

  private stampBornTime(at: number): void {
    const now = Date.now();
    if (now !== this.bornTimestampMs) {
      this.bornTimestampMs = now;
      writeDigits(this.bornTimestamp, 0, 13, now);
    }
    this.bornTimestamp.copy(this.ring, at);
  }
}

function encodeTemplate(options: SendFrameOptions, uniqId: string): Buffer {
  const body = Buffer.alloc(options.bodyBytes, 'rocketshop bench ');
  body.writeUInt32BE(options.connection, BodyOffset.CONNECTION);
  const properties = propertiesToString({
    [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX]: uniqId,
    [MessageConst.WAIT_STORE_MSG_OK]: 'true',
  });
  const header = {
    a: 'bench-producer',
    b: options.topic,
    c: 'TBW102',
    d: QUEUES,
    e: QUEUE_ID,
    f: 0,
    g: BORN_TIMESTAMP,
    h: 0,
    i: properties,
    j: 0,
    k: false,
    m: false,
  };
  return encodeFrame(SendMessageV2.createRequest(header, { body, serializeType: options.header }), OPAQUE);
}

/** 32 characters like an id of the Java client. The last eight are the number of the message. */
function uniqIdOf(connection: number): string {
  return `7F000001BEBC${String(connection).padStart(4, '0')}${'A'.repeat(8)}${'0'.repeat(UNIQ_ID_DIGITS)}`;
}

function locate(frame: Buffer, text: string): number {
  const at = frame.indexOf(text, 0, 'latin1');
  if (at < 0 || frame.indexOf(text, at + 1, 'latin1') >= 0) throw new Error(`${text} is not once in the template`);
  return at;
}

export function writeDigits(buffer: Buffer, at: number, width: number, value: number): void {
  let rest = value;
  for (let place = at + width - 1; place >= at; place -= 1) {
    const next = Math.floor(rest / 10);
    buffer[place] = ZERO + rest - next * 10;
    rest = next;
  }
}
