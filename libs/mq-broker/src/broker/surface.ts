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

export interface Surface {
  /** True when the frame was taken. */
  takeHot(view: FrameView, peer: Peer): boolean;
  readonly plain: ReadonlyMap<number, Processor>;
}

export function createSurface({ context, send, pull, desk, delayLevels, locks }: SurfaceParts): Surface {
  return {
    takeHot(view, peer) {
      switch (view.code) {
        case RequestCode.SEND_MESSAGE_V2:
        case RequestCode.SEND_MESSAGE:
        case RequestCode.SEND_BATCH_MESSAGE:
          send.handle(view, peer);
          return true;
        case RequestCode.PULL_MESSAGE:
        case RequestCode.LITE_PULL_MESSAGE:
          pull.handle(view, peer);
          return true;
        default:
          return false;
      }
    },
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
