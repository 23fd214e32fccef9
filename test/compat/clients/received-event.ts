import type { MessageExt } from '@rocketshop/mq-client';
import { MessageSysFlag } from '@rocketshop/mq-protocol';
import { checksum, idOf, isUnwanted, TEXT } from '../kinds.js';
import type { ReceivedEvent } from './client-events.js';

/** The report on a message that our client received. */
export function receivedEvent(message: MessageExt): ReceivedEvent {
  const { body, properties, topic, queueId, bornTimestamp, sysFlag } = message;
  const id = idOf(body);
  return {
    event: 'received',
    id,
    crc: checksum(body),
    intact: isUnwanted(id) || (properties['text'] === TEXT && (sysFlag & MessageSysFlag.COMPRESSED) === 0),
    queue: `${topic}:${queueId}`,
    ageMs: Date.now() - bornTimestamp,
  };
}
