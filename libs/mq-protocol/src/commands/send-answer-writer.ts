import { SERIALIZE_JSON, SERIALIZE_ROCKETMQ, type SerializeType } from '../frame/frame-layout.js';
import { encodeHost } from '../message/host.js';
import {
  ascii,
  beginFrame,
  binaryEntry,
  binaryKey,
  binaryNumber,
  cursor,
  endBinary,
  endJson,
  finishFrame,
  startBinary,
  startOf,
} from './answer-frame.js';

export interface SendAnswerWriterOptions {
  /** The address of this broker that clients can reach, as it stands in offsetMsgIds. IPv4. */
  storeHost: string;
  storePort: number;
  /** @default 'DefaultRegion' */
  regionId?: string;
  /** @default true */
  traceOn?: boolean;
}

/** Writes answers to one-message SEND requests right into the outgoing slab. */
export class SendAnswerWriter {
  /** What to reserve for one answer; a constant region id cannot make it longer than this says. */
  readonly bytesMax: number;
  private readonly jsonRegion: Buffer;
  private readonly jsonQueueId = ascii('","queueId":"');
  private readonly jsonQueueOffset = ascii('","queueOffset":"');
  private readonly jsonQuote = ascii('"');
  private readonly binaryConstants: Buffer;
  private readonly binaryMsgId: Buffer;
  private readonly binaryQueueId = binaryKey('queueId');
  private readonly binaryQueueOffset = binaryKey('queueOffset');

  constructor(options: SendAnswerWriterOptions) {
    const { regionId = 'DefaultRegion', traceOn = true } = options;
    const port = Buffer.alloc(4);
    port.writeInt32BE(options.storePort);
    const idPrefix = Buffer.concat([encodeHost(options.storeHost), port])
      .toString('hex')
      .toUpperCase();
    const idBytes = Buffer.alloc(4);
    idBytes.writeInt32BE(idPrefix.length + 16);
    this.jsonRegion = Buffer.from(
      `"MSG_REGION":${JSON.stringify(regionId)},"TRACE_ON":"${traceOn}","msgId":"${idPrefix}`,
    );
    this.binaryConstants = Buffer.concat([
      binaryEntry('MSG_REGION', regionId),
      binaryEntry('TRACE_ON', String(traceOn)),
    ]);
    this.binaryMsgId = Buffer.concat([binaryKey('msgId'), idBytes, ascii(idPrefix)]);
    this.bytesMax = this.jsonRegion.length + this.binaryConstants.length + 320;
  }

  /**
   * Writes the answer for one stored message and returns its end. `target` must have `bytesMax` bytes from `offset` on.
   * @param code 0, 10, 11 or 12: the message is stored with each of them
   */
  write(
    target: Buffer,
    offset: number,
    serializeType: SerializeType,
    opaque: number,
    code: number,
    queueId: number,
    queueOffset: number,
    physicalOffset: number,
  ): number {
    beginFrame(target, offset);
    if (serializeType === 'JSON') {
      cursor.bytes(startOf(code));
      cursor.bytes(this.jsonRegion);
      cursor.hexLong(physicalOffset);
      cursor.bytes(this.jsonQueueId);
      cursor.decimal(queueId);
      cursor.bytes(this.jsonQueueOffset);
      cursor.decimal(queueOffset);
      cursor.bytes(this.jsonQuote);
      endJson(opaque, undefined);
      return finishFrame(offset, SERIALIZE_JSON, 0);
    }
    const extLengthAt = startBinary(code, opaque, undefined);
    cursor.bytes(this.binaryConstants);
    cursor.bytes(this.binaryMsgId);
    cursor.hexLong(physicalOffset);
    binaryNumber(this.binaryQueueId, queueId);
    binaryNumber(this.binaryQueueOffset, queueOffset);
    endBinary(extLengthAt);
    return finishFrame(offset, SERIALIZE_ROCKETMQ, 0);
  }
}
