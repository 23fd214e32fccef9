import type { MessageExt } from '@rocketshop/mq-protocol';
import type { PullStatus } from '../message.js';

export interface PullResult {
  status: PullStatus;
  /** The offset to pull from next, whatever the status. */
  nextBeginOffset: number;
  minOffset: number;
  /** The offset the next stored message will get. */
  maxOffset: number;
  messages: MessageExt[];
}
