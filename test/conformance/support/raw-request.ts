import { createRequest, type Peer, type RemotingCommand } from '@rocketshop/mq-protocol';

const ANSWER_TIMEOUT_MS = 5_000;

/** Sends one request as its bytes are documented, without any codec of a command between. */
export function askRaw(
  peer: Peer,
  code: number,
  extFields: Record<string, string>,
  { body, version = 409 }: { body?: Buffer; version?: number } = {},
): Promise<RemotingCommand> {
  return peer.request(createRequest(code, { extFields, body, version }), ANSWER_TIMEOUT_MS);
}
