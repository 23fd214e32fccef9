import { encodeHost, SERIALIZE_JSON, SERIALIZE_ROCKETMQ } from '@rocketshop/mq-protocol';
import type { SerializeType } from '@rocketshop/mq-protocol';
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

/** What the answer to one stored message says. */
export interface SendAnswer {
  serializeType: SerializeType;
  opaque: number;
  queueId: number;
  queueOffset: number;
  physicalOffset: number;
}

interface SendAnswerWriterOptions {
  /** The address by which clients reach this broker, as offsetMsgIds contain it. IPv4. */
  storeHost: string;
  storePort: number;
  /** @default 'DefaultRegion' */
  regionId?: string;
  /** @default true */
  traceOn?: boolean;
}

/** Writes the answers to requests with one message into the outgoing slab. */
export class SendAnswerWriter {
  /** The room that one answer needs at most. It depends on the length of the region id. */
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
   * Writes an answer and returns its end. `target` must have `bytesMax` bytes from `offset` on. Nothing keeps `answer`: the
   * caller may fill the same record again.
   * @param code 0, 10, 11 or 12: each of them means that the message is stored
   */
  write(target: Buffer, offset: number, answer: SendAnswer, code: number): number {
    beginFrame(target, offset);
    if (answer.serializeType === 'JSON') {
      cursor.bytes(startOf(code));
      cursor.bytes(this.jsonRegion);
      cursor.hexLong(answer.physicalOffset);
      cursor.bytes(this.jsonQueueId);
      cursor.decimal(answer.queueId);
      cursor.bytes(this.jsonQueueOffset);
      cursor.decimal(answer.queueOffset);
      cursor.bytes(this.jsonQuote);
      endJson(answer.opaque, undefined);
      return finishFrame(offset, SERIALIZE_JSON, 0);
    }
    const extLengthAt = startBinary(code, answer.opaque, undefined);
    cursor.bytes(this.binaryConstants);
    cursor.bytes(this.binaryMsgId);
    cursor.hexLong(answer.physicalOffset);
    binaryNumber(this.binaryQueueId, answer.queueId);
    binaryNumber(this.binaryQueueOffset, answer.queueOffset);
    endBinary(extLengthAt);
    return finishFrame(offset, SERIALIZE_ROCKETMQ, 0);
  }
}
