import { createRequest, ResponseCode } from '@rocketshop/mq-protocol';
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

/** The body of the answer as text, or its code and remark. */
export async function askText(peer: Peer, code: number, extFields: Record<string, string>): Promise<string> {
  const answer = await askRaw(peer, code, extFields);
  return answer.code === ResponseCode.SUCCESS ? String(answer.body) : `code ${answer.code}: ${answer.remark}`;
}

/** The header of UPDATE_AND_CREATE_TOPIC. */
export const topicUpdate = (topic: string, changes: Record<string, string> = {}): Record<string, string> => ({
  topic,
  defaultTopic: 'TBW102',
  readQueueNums: '4',
  writeQueueNums: '4',
  perm: '6',
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: '0',
  order: 'false',
  ...changes,
});
