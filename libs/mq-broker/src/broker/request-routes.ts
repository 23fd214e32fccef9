import { RequestCode } from '@rocketshop/mq-protocol';
import type { FrameView, Peer } from '@rocketshop/mq-protocol';
import type { AckQueue } from './acks/ack-queue.js';
import type { BrokerContext, Processor } from './broker-context.js';
import type { DelayLevels } from './delay/delay-levels.js';
import type { QueueLockTable } from './locks/queue-lock-table.js';
import { createAdminProcessors } from './processors/admin-processors.js';
import { assignmentProcessors } from './processors/assignment-processor.js';
import { clientProcessors } from './processors/client-processors.js';
import { lockProcessors } from './processors/lock-processors.js';
import { offsetProcessors } from './processors/offset-processors.js';
import { viewMessageProcessors } from './processors/view-message-processor.js';
import type { PullProcessor } from './pull/pull-processor.js';
import { sendBackProcessor } from './retry/send-back-processor.js';
import type { SendProcessor } from './send/send-processor.js';

/** Processes a request inside the read buffer. The view is valid only during the call. A thrown error becomes the answer. */
type FrameProcessor = (view: FrameView, peer: Peer) => void;

/**
 * The broker's one table from request code to processor. A code in neither map is answered with 3,
 * ` request type N not supported`.
 */
export interface RequestRoutes {
  /** The frequent codes. Their processors read the frame in place, so that a message costs no object. */
  readonly inPlace: ReadonlyMap<number, FrameProcessor>;
  /** All other codes. Their requests are decoded into a RemotingCommand first. */
  readonly decoded: ReadonlyMap<number, Processor>;
}

export interface RequestRoutesParts {
  context: BrokerContext;
  send: SendProcessor;
  pull: PullProcessor;
  acks: AckQueue;
  delayLevels: DelayLevels;
  locks: QueueLockTable;
}

export function createRequestRoutes({
  context,
  send,
  pull,
  acks,
  delayLevels,
  locks,
}: RequestRoutesParts): RequestRoutes {
  const handleSend: FrameProcessor = (view, peer) => send.handle(view, peer);
  const handlePull: FrameProcessor = (view, peer) => pull.handle(view, peer);
  return {
    inPlace: new Map([
      [RequestCode.SEND_MESSAGE, handleSend],
      [RequestCode.SEND_MESSAGE_V2, handleSend],
      [RequestCode.SEND_BATCH_MESSAGE, handleSend],
      [RequestCode.PULL_MESSAGE, handlePull],
      [RequestCode.LITE_PULL_MESSAGE, handlePull],
    ]),
    decoded: new Map<number, Processor>([
      ...createAdminProcessors(context),
      ...clientProcessors(context),
      ...offsetProcessors(context),
      ...lockProcessors(locks),
      ...assignmentProcessors(context),
      ...viewMessageProcessors(context),
      [RequestCode.CONSUMER_SEND_MSG_BACK, sendBackProcessor(context, acks, delayLevels)],
    ]),
  };
}
