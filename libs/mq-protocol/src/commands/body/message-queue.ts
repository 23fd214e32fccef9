import { BodyError } from '../../errors.js';
import type { JsonReader } from '../../json/index.js';

/** Source: common/message/MessageQueue.java. */
export interface MessageQueue {
  topic: string;
  brokerName: string;
  queueId: number;
}

/** The order queues are shared out in: topic, broker name, queue id, texts by UTF-16 units as in Java. */
export function compareMessageQueues(left: MessageQueue, right: MessageQueue): number {
  return (
    compareText(left.topic, right.topic) ||
    compareText(left.brokerName, right.brokerName) ||
    left.queueId - right.queueId
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function readMessageQueue(reader: JsonReader): MessageQueue {
  const queueId = reader.number('queueId', 0);
  if (!Number.isInteger(queueId)) throw new BodyError(`a message queue has the id ${queueId}`);
  return { topic: reader.string('topic'), brokerName: reader.string('brokerName'), queueId };
}

export function writeMessageQueue(queue: MessageQueue): object {
  return { brokerName: queue.brokerName, queueId: queue.queueId, topic: queue.topic };
}
