import { buildSubscriptionData, MessageConst } from '@rocketshop/mq-protocol';
import type { MessageExt, SubscriptionData } from '@rocketshop/mq-protocol';

const TAGS_PER_SUBSCRIPTION_MAX = 1_024;

/** `*`, or tags joined by `||`. Source: remoting/protocol/filter/FilterAPI.java. */
export function parseSubscription(topic: string, expression: string, subVersion = Date.now()): SubscriptionData {
  const trimmed = expression.trim();
  const all = trimmed === '' || trimmed === '*';
  const tags = all ? [] : [...new Set(trimmed.split('||').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  if (!all && tags.length === 0) throw new RangeError(`the subscription "${expression}" names no tag`);
  if (tags.length > TAGS_PER_SUBSCRIPTION_MAX)
    throw new RangeError(`more than ${TAGS_PER_SUBSCRIPTION_MAX} tags in one subscription`);
  return buildSubscriptionData(topic, tags.join('||'), subVersion);
}

/** The broker compares hashes of tags only. This filter removes messages whose tag has an equal hash. */
export function tagFilter(subscription: SubscriptionData): (message: MessageExt) => boolean {
  if (subscription.tagsSet.length === 0) return () => true;
  const tags = new Set(subscription.tagsSet);
  return (message) => tags.has(message.properties[MessageConst.TAGS] ?? '');
}
