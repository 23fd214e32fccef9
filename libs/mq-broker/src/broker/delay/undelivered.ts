import { MessageConst, PermName } from '@rocketshop/mq-protocol';
import type { MessageExt } from '@rocketshop/mq-protocol';
import type { Logger } from '../../logger.js';
import type { MessageStore } from '../../store/index.js';
import { PropertyBytes } from '../send/property-bytes.js';
import type { TopicConfigManager } from '../topics/index.js';

/** The topic of delayed messages that could not be delivered. Everybody may read it, and only the broker writes it. */
const UNDELIVERED_TOPIC = 'rmq_sys_UNDELIVERED';
/** Why a message is there. */
const REASON = 'UNDELIVERED_REASON';
const REASON_CHARACTERS_MAX = 500;

export interface UndeliveredParts {
  store: Pick<MessageStore, 'append'>;
  topics: Pick<TopicConfigManager, 'createInSendBack'>;
  log: Logger;
}

/**
 * Takes delayed messages that cannot be delivered out of the way of the messages behind them. They are copied to a topic where they
 * can be seen and sent again; the first record stays where it is, and ORIGIN_MESSAGE_ID names it.
 */
export class Undelivered {
  /** Since the start. */
  count = 0;

  constructor(private readonly parts: UndeliveredParts) {}

  setAside(message: MessageExt | undefined, properties: Buffer, reason: string): void {
    const { store, topics, log } = this.parts;
    this.count++;
    log('error', 'a delayed message cannot be delivered; it is set aside', {
      topic: UNDELIVERED_TOPIC,
      offsetMsgId: message?.offsetMsgId,
      realTopic: message?.properties[MessageConst.REAL_TOPIC],
      reason,
    });
    if (message === undefined) return;
    topics.createInSendBack(UNDELIVERED_TOPIC, 1, PermName.READ, 0);
    const kept = new PropertyBytes(properties);
    kept.set(REASON, printable(reason));
    kept.setIfMissing(MessageConst.ORIGIN_MESSAGE_ID, message.offsetMsgId);
    kept.shorten(new Set([REASON, ...Object.values(MessageConst)]));
    const status = store.append({
      ...message,
      topic: UNDELIVERED_TOPIC,
      queueId: 0,
      preparedTransactionOffset: 0,
      properties: kept.encode(),
      tagsCode: 0,
    });
    if (status !== 'PUT_OK') log('error', 'its copy could not be stored', { offsetMsgId: message.offsetMsgId, status });
  }
}

/** Without the separators of properties. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the separators
  return text.replaceAll(/[\u0000-\u001f]/g, ' ').slice(0, REASON_CHARACTERS_MAX) || 'unknown';
}
