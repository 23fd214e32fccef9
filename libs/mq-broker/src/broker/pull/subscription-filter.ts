import { isSubscribeAll, isTagType, javaStringHash, RequestRefusedError, ResponseCode } from '@rocketshop/mq-protocol';
import type { SubscriptionData } from '@rocketshop/mq-protocol';
import type { TagMatcher } from '../../store/index.js';

/** Decides by the tags code of the consume queue alone. A hash collision passes: the client compares the tags themselves. */
export interface SubscriptionFilter {
  /** `undefined` accepts everything, so that the store makes no call for each message. */
  readonly match: TagMatcher | undefined;
  matches(tagsCode: number): boolean;
}

class AcceptAll implements SubscriptionFilter {
  readonly match = undefined;
  matches(): boolean {
    return true;
  }
}

class TagFilter implements SubscriptionFilter {
  readonly match: TagMatcher;

  constructor(private readonly codes: ReadonlySet<number>) {
    this.match = (tagsCode) => codes.has(tagsCode);
  }

  matches(tagsCode: number): boolean {
    return this.codes.has(tagsCode);
  }
}

export const acceptAll: SubscriptionFilter = new AcceptAll();

/** The longest expression that is parsed. A list of a thousand tags fits. */
const EXPRESSION_LENGTH_MAX = 16_384;

/**
 * `*` or no expression accepts all messages; else the expression is a list of tags separated by `||` (RocketMQ `FilterAPI.buildSubscriptionData`).
 * @throws RequestRefusedError 23 when no tag is left, 1 for SQL92, which this broker does not evaluate.
 */
export function parseSubscription(
  expression: string | undefined,
  expressionType: string | undefined,
): SubscriptionFilter {
  if (!isTagType(expressionType)) {
    throw new RequestRefusedError(
      ResponseCode.SYSTEM_ERROR,
      `The broker does not support consumer to filter message by ${expressionType}`,
    );
  }
  if (expression === undefined || isSubscribeAll(expression)) return acceptAll;
  const tags = expression
    .split('||')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (tags.length === 0 || expression.length > EXPRESSION_LENGTH_MAX) {
    throw new RequestRefusedError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed");
  }
  return new TagFilter(new Set(tags.map((tag) => javaStringHash(tag))));
}

/** Far more than the distinct subscriptions of one cluster. A full cache starts again from empty. */
const CACHED_EXPRESSIONS_MAX = 4_096;

/** Keeps filters by expression and by subscription, so that a pull does not parse and hash the same tags again. */
export class SubscriptionFilterCache {
  private readonly byExpression = new Map<string, SubscriptionFilter>();
  private readonly bySubscription = new WeakMap<SubscriptionData, SubscriptionFilter>();

  ofExpression(expression: string | undefined, expressionType: string | undefined): SubscriptionFilter {
    if (expression === undefined || expression === '*' || !isTagType(expressionType)) {
      return parseSubscription(expression, expressionType);
    }
    let filter = this.byExpression.get(expression);
    if (filter === undefined) {
      filter = parseSubscription(expression, expressionType);
      if (this.byExpression.size >= CACHED_EXPRESSIONS_MAX) this.byExpression.clear();
      this.byExpression.set(expression, filter);
    }
    return filter;
  }

  /** The filter of a heartbeat. The client hashed its codes, and its hash may differ from Java's for non-ASCII tags: both count. */
  ofSubscription(subscription: SubscriptionData): SubscriptionFilter {
    let filter = this.bySubscription.get(subscription);
    if (filter === undefined) {
      filter = subscription.classFilterMode
        ? acceptAll
        : parseSubscription(subscription.subString, subscription.expressionType);
      if (filter !== acceptAll && subscription.codeSet.length > 0) {
        const own = subscription.tagsSet.map((tag) => javaStringHash(tag));
        filter = new TagFilter(new Set([...subscription.codeSet, ...own]));
      }
      this.bySubscription.set(subscription, filter);
    }
    return filter;
  }
}
