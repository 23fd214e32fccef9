import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { encodeBatchBody, Peer, RequestCode } from '@rocketshop/mq-protocol';
import { ask, BrokerUnderTest, pull, send, sendRequest } from './support/broker-under-test.js';

const CONNECTIONS = 12;
const MESSAGES = 60;
const POISON = 0xdd;

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Connection, number and a hash of the rest: a byte of somebody else's message shows. */
function labelled(connection: number, index: number): Buffer {
  const filling = randomBytes((index * 997) % 9_000);
  return Buffer.concat([Buffer.from(`${connection}/${index}/${digest(filling)}/`), filling]);
}

function isWhole(body: Buffer): boolean {
  const [connection = '', index = '', hash = ''] = body.toString('latin1', 0, 100).split('/');
  return digest(body.subarray(`${connection}/${index}/${hash}/`.length)) === hash;
}

/**
 * Sockets share one read buffer and the store uses its slabs again. Here each is overwritten the moment it is given back,
 * so that whoever still looks at it afterwards stores or delivers rubbish.
 */
describe('a broker with poisoned buffers', () => {
  let broker: BrokerUnderTest;
  let spy: jest.SpiedFunction<Peer['receive']>;

  beforeEach(async () => {
    const receive = Reflect.get(Peer.prototype, 'receive') as (this: Peer, chunk: Buffer, length: number) => boolean;
    spy = jest.spyOn(Peer.prototype, 'receive').mockImplementation(function poisoned(this: Peer, chunk, length) {
      const goesOn = receive.call(this, chunk, length);
      chunk.fill(POISON, 0, length);
      return goesOn;
    });
    broker = await BrokerUnderTest.start({
      flushDiskType: 'SYNC_FLUSH',
      storeOptions: { poisonReleasedSlabs: true, tailBytesMax: 1024 * 1024 },
    });
  });

  afterEach(async () => {
    await broker.close();
    spy.mockRestore();
  });

  it('stores and delivers every byte of many connections as it was sent', async () => {
    const peers = await Promise.all(Array.from({ length: CONNECTIONS }, () => broker.connect()));
    const expected = new Set<string>();
    const codes = await Promise.all(
      peers.flatMap((peer, connection) =>
        Array.from({ length: MESSAGES }, async (_, index) => {
          const body = labelled(connection, index);
          expected.add(digest(body));
          const properties = { UNIQ_KEY: `${connection}-${index}`, TAGS: 'é\u00ff"\\', KEYS: digest(body) };
          return (await send(peer, 'orders', { queueId: index % 4, body, properties })).code;
        }),
      ),
    );
    const batch = Array.from({ length: 50 }, (_, index) => ({
      flag: index,
      body: labelled(99, index),
      properties: {},
    }));
    for (const { body } of batch) expected.add(digest(body));
    const request = sendRequest('orders', { batch: true, body: encodeBatchBody(batch) });
    const reader = await broker.connect();
    codes.push((await ask(reader, { ...request, code: RequestCode.SEND_BATCH_MESSAGE })).code);
    expect(new Set(codes)).toEqual(new Set([0]));

    const found = new Set<string>();
    for (let queueId = 0; queueId < 4; queueId += 1) {
      for (let queueOffset = 0; ;) {
        const { code, messages, nextBeginOffset } = await pull(reader, 'orders', { queueId, queueOffset });
        if (code !== 0) break;
        queueOffset = nextBeginOffset;
        for (const { body, properties } of messages) {
          expect(isWhole(body)).toBe(true);
          expect(properties['KEYS'] ?? digest(body)).toBe(digest(body));
          found.add(digest(body));
        }
      }
    }
    expect(found).toEqual(expected);
  });

  it('answers pulls of readers that take their time with the bytes that were sent', async () => {
    const writer = await broker.connect();
    const bodies = Array.from({ length: 2 * MESSAGES }, (_, index) => labelled(1, index));
    for (const body of bodies) expect((await send(writer, 'orders', { queueId: 0, body })).code).toBe(0);
    const readers = await Promise.all(Array.from({ length: 4 }, () => broker.connect()));
    // All asked in one go: the broker answers hundreds of them before anybody reads.
    const answers = await Promise.all(
      readers.flatMap((reader) =>
        bodies.map(async (_, queueOffset) => ({
          queueOffset,
          ...(await pull(reader, 'orders', { queueOffset, maxMsgNums: 1 + (queueOffset % 8) })),
        })),
      ),
    );
    for (const { queueOffset, messages } of answers) {
      const wanted = bodies.slice(queueOffset, queueOffset + 1 + (queueOffset % 8));
      expect(messages.map(({ body }) => digest(body))).toEqual(wanted.map(digest));
    }
  });
});
