/**
 * The broker's surface: which code goes to whom. A code that is not here is answered with 3, ` request type N not supported`.
 *
 * Hot codes are taken in the read buffer, without objects per message; everything else is decoded and runs the plain way.
 */
import { RequestCode, type FrameView, type Peer } from '@rocketshop/mq-protocol';
import type { BrokerContext, Processor } from './broker-context.js';
import type { AnswerDesk } from './answers/answer-desk.js';
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

export interface SurfaceParts {
  context: BrokerContext;
  send: SendProcessor;
  pull: PullProcessor;
  desk: AnswerDesk;
  delayLevels: DelayLevels;
  locks: QueueLockTable;
}

/** Takes a frame where it stands; the view is valid only during the call. What it throws is the answer. */
export type HotProcessor = (view: FrameView, peer: Peer) => void;

export interface Surface {
  readonly hot: ReadonlyMap<number, HotProcessor>;
  readonly plain: ReadonlyMap<number, Processor>;
}

export function createSurface({ context, send, pull, desk, delayLevels, locks }: SurfaceParts): Surface {
  const takeSend: HotProcessor = (view, peer) => send.handle(view, peer);
  const takePull: HotProcessor = (view, peer) => pull.handle(view, peer);
  return {
    hot: new Map<number, HotProcessor>([
      [RequestCode.SEND_MESSAGE, takeSend],
      [RequestCode.SEND_MESSAGE_V2, takeSend],
      [RequestCode.SEND_BATCH_MESSAGE, takeSend],
      [RequestCode.PULL_MESSAGE, takePull],
      [RequestCode.LITE_PULL_MESSAGE, takePull],
    ]),
    plain: new Map<number, Processor>([
      ...createAdminProcessors(context),
      ...clientProcessors(context),
      ...offsetProcessors(context),
      ...lockProcessors(locks),
      ...assignmentProcessors(context),
      ...viewMessageProcessors(context),
      [RequestCode.CONSUMER_SEND_MSG_BACK, sendBackProcessor(context, desk, delayLevels)],
    ]),
  };
}
