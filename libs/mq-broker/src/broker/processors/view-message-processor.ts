import { createResponse, RequestRefusedError, ResponseCode, ViewMessage } from '@rocketshop/mq-protocol';
import type { BrokerContext, Processor } from '../broker-context.js';

/** Processes VIEW_MESSAGE_BY_ID: returns the record at the physical offset that a message id contains. Source: `QueryMessageProcessor`. */
export function viewMessageProcessors(context: BrokerContext): ReadonlyMap<number, Processor> {
  return new Map<number, Processor>([
    [
      ViewMessage.code,
      (request) => {
        const { offset } = ViewMessage.readRequest(request);
        const body = context.store.reader.lookMessage(offset);
        if (body !== undefined) return createResponse(request, ResponseCode.SUCCESS, { body });
        throw new RequestRefusedError(ResponseCode.SYSTEM_ERROR, `can not find message by the offset, ${offset}`);
      },
    ],
  ]);
}
