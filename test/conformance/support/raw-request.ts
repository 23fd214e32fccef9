import { createRequest } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';

const ANSWER_TIMEOUT_MS = 5_000;

/** Sends a request with the documented fields, without the codec of its command. */
export function askRaw(
  peer: Peer,
  code: number,
  extFields: Record<string, string>,
  { body, version = 409 }: { body?: Buffer; version?: number } = {},
): Promise<RemotingCommand> {
  return peer.request(createRequest(code, { extFields, body, version }), ANSWER_TIMEOUT_MS);
}
