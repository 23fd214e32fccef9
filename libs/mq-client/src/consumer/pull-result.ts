import type { MessageExt } from '@rocketshop/mq-protocol';
import type { PullStatus } from '../message.js';

/** The answer of one pull. */
export interface PullResult {
  status: PullStatus;
  /** The offset of the next pull, whatever the status. */
  nextBeginOffset: number;
  minOffset: number;
  /** The offset of the next message to be stored. */
  maxOffset: number;
  messages: MessageExt[];
}
