import { describe, expect, it } from '@jest/globals';
import { createRequest, parseJson, RequestCode } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import { silentLogger } from '../logger.js';
import type { AdminOperations, Members } from './members.js';
import { readOffsetTable, ServerRequests } from './server-requests.js';

const queue = { topic: 'T', brokerName: 'b', queueId: 0 };
const peer = { remoteHost: '127.0.0.1', remotePort: 1 } as Peer;

function requestsTo(admin: Partial<AdminOperations>) {
  const rebalanced: string[] = [];
  const consumer = (group: string) => ({ group, admin, rebalanceSoon: () => rebalanced.push(group) });
  const consumers = new Map(['g', 'h'].map((group) => [group, consumer(group)]));
  const requests = new ServerRequests({ consumers } as unknown as Members, silentLogger);
  const ask = async (
    code: number,
    extFields: Record<string, string>,
    body?: Buffer,
  ): Promise<RemotingCommand | undefined> => requests.handle(createRequest(code, { extFields, body }), peer);
  return { ask, rebalanced };
}

describe('ServerRequests', () => {
  it('rebalances the group whose members changed', async () => {
    const { ask, rebalanced } = requestsTo({});
    expect(await ask(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'h' })).toBeUndefined();
    expect(rebalanced).toEqual(['h']);
    await ask(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { consumerGroup: 'unknown' });
    expect(rebalanced).toEqual(['h', 'g', 'h']);
  });

  it('resets the offsets of the request', async () => {
    const resets: [string, number][] = [];
    const { ask } = requestsTo({
      resetOffsets: async (offsets) => {
        for (const [{ topic }, offset] of offsets) resets.push([topic, offset]);
      },
    });
    const body = Buffer.from('{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:12}}');
    expect(await ask(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, { group: 'g' }, body)).toBeUndefined();
    expect(resets).toEqual([['T', 12]]);
  });

  it('answers its offsets, with queues as object keys', async () => {
    const { ask } = requestsTo({ consumeOffsets: () => new Map([[queue, 7]]), runningInfo: () => ({ jstack: '' }) });
    const status = await ask(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, { group: 'g', topic: 'T' });
    expect(status?.body?.toString()).toBe('{"messageQueueTable":{{"brokerName":"b","queueId":0,"topic":"T"}:7}}');
    const info = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, { consumerGroup: 'g' });
    expect(parseJson(info?.body ?? Buffer.alloc(0))).toEqual(expect.objectContaining({ jstack: '' }));
    expect(await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, { consumerGroup: 'other' })).toMatchObject({ code: 1 });
  });

  it('refuses a request code that it does not serve', async () => {
    const { ask } = requestsTo({});
    expect(await ask(9_999, {})).toMatchObject({ code: 3, remark: ' request type 9999 not supported' });
  });
});

describe('readOffsetTable', () => {
  it('reads the list form for C++ clients too, and ignores wrong entries', () => {
    const list = readOffsetTable(
      Buffer.from('{"offsetTable":[{"brokerName":"b","offset":3,"queueId":0,"topic":"T"}]}'),
    );
    expect([...list]).toEqual([[queue, 3]]);
    expect(readOffsetTable(Buffer.from('{"offsetTable":[1,{"topic":"T"}]}')).size).toBe(0);
    expect(readOffsetTable(undefined).size).toBe(0);
  });
});
