import {
  PULL_ANSWER_BYTES_MAX,
  ResponseCode,
  writePullAnswer,
  type Peer,
  type SerializeType,
} from '@rocketshop/mq-protocol';
import type { GetResult, GetStatus } from '../../store/index.js';
import type { RecordSlab } from './record-slab.js';

/** How a look-up's end is told to the client (RocketMQ `PullMessageProcessor.composeResponseHeader`). */
const codes: Readonly<Record<Exclude<GetStatus, 'NO_MATCHED_LOGIC_QUEUE' | 'NO_MESSAGE_IN_QUEUE'>, number>> = {
  FOUND: ResponseCode.SUCCESS,
  NO_MATCHED_MESSAGE: ResponseCode.PULL_RETRY_IMMEDIATELY,
  MESSAGE_WAS_REMOVING: ResponseCode.PULL_RETRY_IMMEDIATELY,
  OFFSET_FOUND_NULL: ResponseCode.PULL_NOT_FOUND,
  OFFSET_OVERFLOW_ONE: ResponseCode.PULL_NOT_FOUND,
  OFFSET_OVERFLOW_BADLY: ResponseCode.PULL_OFFSET_MOVED,
  OFFSET_TOO_SMALL: ResponseCode.PULL_OFFSET_MOVED,
};

export function pullCode(status: GetStatus, requestedOffset: number): number {
  if (status === 'NO_MATCHED_LOGIC_QUEUE' || status === 'NO_MESSAGE_IN_QUEUE') {
    return requestedOffset === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.PULL_OFFSET_MOVED;
  }
  return codes[status];
}

/**
 * Sends what was found: a header from a template, then the records out of `slab`, joined with everything else of this tick
 * into one write.
 */
export function sendPullAnswer(
  peer: Peer,
  serializeType: SerializeType,
  opaque: number,
  code: number,
  result: GetResult,
  brokerId: number,
  slab: RecordSlab,
): void {
  const bodyBytes = code === ResponseCode.SUCCESS ? result.bytes : 0;
  const start = peer.reserve(PULL_ANSWER_BYTES_MAX);
  const end = writePullAnswer(
    peer.writeBuffer,
    start,
    serializeType,
    opaque,
    code,
    result.status,
    brokerId,
    result.nextBeginOffset,
    result.minOffset,
    result.maxOffset,
    bodyBytes,
  );
  peer.commit(end);
  if (bodyBytes > 0) for (const records of result.buffers) slab.send(peer, records);
}
