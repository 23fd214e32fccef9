import type { JsonReader } from '../../json/index.js';

/** How a consumer gets its messages. Source: remoting/protocol/heartbeat/ConsumeType.java. */
export const ConsumeType = {
  CONSUME_ACTIVELY: 'CONSUME_ACTIVELY',
  CONSUME_PASSIVELY: 'CONSUME_PASSIVELY',
  CONSUME_POP: 'CONSUME_POP',
} as const;

/** Whether a group shares its queues or every client gets all. Source: remoting/protocol/heartbeat/MessageModel.java. */
export const MessageModel = { CLUSTERING: 'CLUSTERING', BROADCASTING: 'BROADCASTING' } as const;

/** Where a group begins that has no offset. Source: common/consumer/ConsumeFromWhere.java. */
export const ConsumeFromWhere = {
  CONSUME_FROM_LAST_OFFSET: 'CONSUME_FROM_LAST_OFFSET',
  CONSUME_FROM_FIRST_OFFSET: 'CONSUME_FROM_FIRST_OFFSET',
  CONSUME_FROM_TIMESTAMP: 'CONSUME_FROM_TIMESTAMP',
} as const;

/** The three together, as heartbeats and connection lists carry them. Names are in upper case. */
export interface ConsumerKind {
  consumeType: string;
  messageModel: string;
  consumeFromWhere: string;
}

/** Older Go clients write `Clustering`: enum names are compared in upper case, as fastjson does. */
export function readConsumerKind(reader: JsonReader): ConsumerKind {
  return {
    consumeType: reader.string('consumeType', ConsumeType.CONSUME_PASSIVELY).toUpperCase(),
    messageModel: reader.string('messageModel', MessageModel.CLUSTERING).toUpperCase(),
    consumeFromWhere: reader.string('consumeFromWhere', ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET).toUpperCase(),
  };
}
