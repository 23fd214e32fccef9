import { ResponseCode } from '@rocketshop/mq-protocol';
import type { AnswerableRequest, Peer } from '@rocketshop/mq-protocol';
import type { GetResult, GetStatus } from '../../store/index.js';
import { PULL_ANSWER_BYTES_MAX, writePullAnswer } from '../answers/pull-answer-writer.js';
import type { PullAnswer } from '../answers/pull-answer-writer.js';
import type { RecordSlab } from './record-slab.js';

/** The response code for each status of a look-up (RocketMQ `PullMessageProcessor.composeResponseHeader`). */
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

/** Sends the answers to pulls: a header that is written byte by byte, and the records out of `slab`. */
export class PullAnswerSender {
  /** One record for all answers: each call fills it again, so that an answer costs no object. */
  private readonly answer: PullAnswer;

  constructor(
    private readonly slab: RecordSlab,
    brokerId: number,
  ) {
    this.answer = {
      code: 0,
      status: 'FOUND',
      suggestWhichBrokerId: brokerId,
      nextBeginOffset: 0,
      minOffset: 0,
      maxOffset: 0,
      bodyBytes: 0,
    };
  }

  /** The peer joins the answer with everything else of this tick into one write. */
  send(peer: Peer, request: AnswerableRequest, code: number, result: GetResult): void {
    const { answer } = this;
    answer.code = code;
    answer.status = result.status;
    answer.nextBeginOffset = result.nextBeginOffset;
    answer.minOffset = result.minOffset;
    answer.maxOffset = result.maxOffset;
    answer.bodyBytes = code === ResponseCode.SUCCESS ? result.bytes : 0;
    const start = peer.reserve(PULL_ANSWER_BYTES_MAX);
    peer.commit(writePullAnswer(peer.writeBuffer, start, request, answer));
    if (answer.bodyBytes > 0) for (const records of result.buffers) this.slab.send(peer, records);
  }
}
