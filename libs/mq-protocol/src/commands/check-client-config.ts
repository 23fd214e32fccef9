import { BodyError } from '../errors.js';
import { RequestCode } from '../tables/request-code.js';
import { jsonBody } from './body/body-codec.js';
import { readSubscriptionData, writeSubscriptionData } from './body/subscription-data.js';
import type { SubscriptionData } from './body/subscription-data.js';
import { Command } from './command.js';

/**
 * CHECK_CLIENT_CONFIG 46: body = {clientId, group, namespace, subscriptionData} -> nothing; code 23 for an expression
 * that cannot be parsed. Sent before a consumer starts whose expression is not of type TAG.
 *
 * Source: remoting/protocol/body/CheckClientRequestBody.java.
 */
export const CheckClientConfig = new Command(RequestCode.CHECK_CLIENT_CONFIG, { request: {}, response: {} });

export interface CheckClientRequest {
  clientId: string;
  group: string;
  namespace?: string | undefined;
  subscriptionData: SubscriptionData;
}

export const checkClientBody = jsonBody<CheckClientRequest>(
  'CheckClientRequestBody',
  (reader) => {
    const subscription = reader.object('subscriptionData');
    if (subscription === undefined) throw new BodyError('CheckClientRequestBody.subscriptionData is missing');
    return {
      clientId: reader.string('clientId'),
      group: reader.string('group'),
      namespace: reader.optionalString('namespace'),
      subscriptionData: readSubscriptionData(subscription.self, 'CheckClientRequestBody.subscriptionData'),
    };
  },
  (request) => ({
    clientId: request.clientId,
    group: request.group,
    namespace: request.namespace,
    subscriptionData: writeSubscriptionData(request.subscriptionData),
  }),
);
