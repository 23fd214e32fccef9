import { z } from 'zod';
import { KINDS } from '../kinds.js';

const kind = z.enum(KINDS);

/**
 * The lines a client program prints, one JSON object each. `queue` is `topic:queueId`; `intact` says that the properties
 * came through; `ageMs` counts from the sender's clock to the listener's call.
 */
const clientEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('sent'), kind, id: z.string() }),
  z.object({ event: z.literal('failed'), kind, id: z.string(), reason: z.string() }),
  z.object({ event: z.literal('done'), kind, ms: z.number() }),
  z.object({ event: z.literal('held'), queues: z.array(z.string()) }),
  z.object({
    event: z.literal('received'),
    id: z.string(),
    crc: z.number(),
    intact: z.boolean(),
    queue: z.string(),
    ageMs: z.number(),
  }),
  z.object({ event: z.literal('stopped') }),
]);

export type ClientEvent = z.infer<typeof clientEvent>;
export type ReceivedEvent = Extract<ClientEvent, { event: 'received' }>;

/** @returns undefined for a line that is no event: the library of a client may print other lines */
export function parseClientEvent(line: string): ClientEvent | undefined {
  if (!line.startsWith('{"event"')) return undefined;
  return clientEvent.parse(JSON.parse(line));
}
