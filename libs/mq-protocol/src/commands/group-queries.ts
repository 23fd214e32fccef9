import { optional, required } from '../header/header-schema.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readSubscriptionData, writeSubscriptionData } from './body/subscription-data.js';
import type { SubscriptionData } from './body/subscription-data.js';
import { Command } from './command.js';

/**
 * QUERY_TOPIC_CONSUME_BY_WHO 300: topic! -> body = {"groupList":[group]}
 * QUERY_TOPICS_BY_CONSUMER 343: group! -> body = {"topicList":[topic]}
 * QUERY_SUBSCRIPTION_BY_CONSUMER 345: group! topic! -> body = {group, subscriptionData, topic}
 *
 * Source: remoting/protocol/header/QueryTopicConsumeByWhoRequestHeader.java, QueryTopicsByConsumerRequestHeader.java,
 * remoting/protocol/body/QuerySubscriptionResponseBody.java.
 */
export const QueryTopicConsumeByWho = new Command(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, {
  request: { topic: required.string },
  response: {},
});

export const QueryTopicsByConsumer = new Command(RequestCode.QUERY_TOPICS_BY_CONSUMER, {
  request: { group: required.string },
  response: {},
});

export const QuerySubscriptionByConsumer = new Command(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, {
  request: { group: required.string, topic: optional.string },
  response: {},
});

export interface GroupSubscription {
  group: string;
  topic: string;
  /** Absent when the group does not subscribe to the topic. */
  subscriptionData?: SubscriptionData | undefined;
}

export const groupSubscriptionBody = jsonBody<GroupSubscription>(
  'QuerySubscriptionResponseBody',
  (reader) => {
    const data = reader.object('subscriptionData');
    return {
      group: reader.string('group'),
      topic: reader.string('topic', ''),
      subscriptionData: data && readSubscriptionData(data.self, 'QuerySubscriptionResponseBody.subscriptionData'),
    };
  },
  (subscription) => ({
    group: subscription.group,
    subscriptionData: subscription.subscriptionData && writeSubscriptionData(subscription.subscriptionData),
    topic: subscription.topic,
  }),
);
