import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeMessages, propertiesBytesOf, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { MessageExt, Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import fc from 'fast-check';
import { ask, BrokerUnderTest, pullRequest, sendBack } from './support/broker-under-test.js';
import { askRaw } from './support/raw-request.js';

jest.setTimeout(60_000);

const TOPIC = 'anything';
const GROUP = 'readers-of-anything';
const [NAME_END, VALUE_END] = [0x01, 0x02];
/** The broker reads these itself. */
const NAMES_OF_THE_BROKER =
  /^(TAGS|UNIQ_KEY|WAIT|POP_CK|DELAY|TRAN_MSG|TIMER_|MSG_REGION|TRACE_ON|CLUSTER|REAL_|RETRY_TOPIC|ORIGIN_)/;

interface AnyMessage {
  readonly properties: readonly (readonly [name: Buffer, value: Buffer])[];
  readonly body: Buffer;
}

const bytesWithout = (separators: readonly number[], max: number) =>
  fc
    .uint8Array({ minLength: 1, maxLength: max })
    .map((bytes) => Buffer.from(bytes))
    .filter((bytes) => !separators.some((separator) => bytes.includes(separator)));
const text = (max: number) =>
  fc.string({ minLength: 1, maxLength: max, unit: 'grapheme' }).map((one) => Buffer.from(one));
const nameBytes = fc
  .oneof(bytesWithout([NAME_END, VALUE_END], 12), text(8))
  .filter((name) => !name.includes(NAME_END) && !name.includes(VALUE_END) && !NAMES_OF_THE_BROKER.test(String(name)));
// A value may hold the separator of names.
const valueBytes = fc.oneof(bytesWithout([VALUE_END], 40), text(30), fc.constant(Buffer.alloc(20_000, 0xff)));
const anyMessage: fc.Arbitrary<AnyMessage> = fc.record({
  properties: fc.uniqueArray(
    fc.tuple(
      nameBytes,
      valueBytes.filter((value) => !value.includes(VALUE_END)),
    ),
    {
      maxLength: 6,
      selector: ([name]) => name.toString('latin1'),
    },
  ),
  body: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
});

const entryOf = ([name, value]: readonly [Buffer, Buffer]): Buffer =>
  Buffer.concat([name, Buffer.of(NAME_END), value, Buffer.of(VALUE_END)]);

/** JSON text may hold any byte from 0x80 on; the others are escaped where JSON wants it. */
const inJson = (bytes: Buffer): Buffer =>
  Buffer.concat(
    [...bytes].map((byte) =>
      byte < 0x20 || byte === 0x22 || byte === 0x5c
        ? Buffer.from(`\\u${byte.toString(16).padStart(4, '0')}`)
        : Buffer.of(byte),
    ),
  );

/** A send whose properties are bytes, as a client in another language may write them. */
function sendFrame(properties: Buffer, body: Buffer, opaque: number): Buffer {
  const extFields = {
    producerGroup: 'P',
    topic: TOPIC,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: '1',
    queueId: '0',
    sysFlag: '0',
    bornTimestamp: '1',
    flag: '0',
    properties: '@@',
    reconsumeTimes: '0',
    unitMode: 'false',
    batch: 'false',
  };
  const code = RequestCode.SEND_MESSAGE;
  const json = JSON.stringify({
    code,
    language: 'JAVA',
    version: 401,
    opaque,
    flag: 0,
    serializeTypeCurrentRPC: 'JSON',
    extFields,
  });
  const [before = '', after = ''] = json.split('@@');
  const header = Buffer.concat([Buffer.from(before), inJson(properties), Buffer.from(after)]);
  const prefix = Buffer.alloc(8);
  prefix.writeInt32BE(4 + header.length + body.length, 0);
  prefix.writeInt32BE(header.length, 4);
  return Buffer.concat([prefix, header, body]);
}

interface Found {
  readonly message: MessageExt;
  readonly properties: Buffer;
}

describe('whatever is taken', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;
  let socket: Socket;
  let opaque = 0;
  const read = new Map<string, number>();

  beforeAll(async () => {
    broker = await BrokerUnderTest.start({ timeScale: 100, defaultTopicQueueNums: 1 });
    peer = await broker.connect();
    socket = connect({ host: broker.handle.host, port: broker.handle.port });
    await once(socket, 'connect');
  });
  afterAll(async () => {
    socket.destroy();
    await broker.close();
  });

  async function send({ properties, body }: AnyMessage, delay: string): Promise<number> {
    const bytes = Buffer.concat([Buffer.from(delay), ...properties.map(entryOf)]);
    socket.write(sendFrame(bytes, body, ++opaque));
    let answer = Buffer.alloc(0);
    while (answer.length < 4 || answer.length < answer.readInt32BE(0) + 4) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      answer = Buffer.concat([answer, chunk]);
    }
    return Number(/"code":(\d+)/.exec(answer.toString())?.[1]);
  }

  /** The next message of a topic. */
  async function next(topic: string): Promise<Found> {
    const queueOffset = read.get(topic) ?? 0;
    let found: Found | undefined;
    await until(
      async () => {
        const request = pullRequest(topic, { queueOffset, maxMsgNums: 1, consumerGroup: GROUP });
        const { code, body } = await ask(peer, request);
        const [message] = code === ResponseCode.SUCCESS && body ? decodeMessages(body) : [];
        if (message && body) found = { message, properties: propertiesBytesOf(body) };
        return found !== undefined;
      },
      { description: `a message of ${topic}`, intervalMs: 10 },
    );
    read.set(topic, queueOffset + 1);
    return found as Found;
  }

  function expectWhole({ message, properties }: Found, sent: AnyMessage): void {
    expect(message.body.equals(sent.body)).toBe(true);
    for (const property of sent.properties) expect(properties.includes(entryOf(property))).toBe(true);
  }

  it('is delivered, delayed, given back, dead and found again, with every byte of it', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async (sent) => {
        if ((await send(sent, '')) !== ResponseCode.SUCCESS) return;
        const plain = await next(TOPIC);
        expectWhole(plain, sent);
        expect(await send(sent, 'DELAY\u00011\u0002')).toBe(ResponseCode.SUCCESS);
        const delayed = await next(TOPIC);
        expectWhole(delayed, sent);
        let returned = delayed;
        for (let times = 0; times < 3; times++) {
          expect((await sendBack(peer, returned.message, GROUP, 1)).code).toBe(ResponseCode.SUCCESS);
          returned = await next(`%RETRY%${GROUP}`);
          expectWhole(returned, sent);
        }
        expect((await sendBack(peer, returned.message, GROUP, -1)).code).toBe(ResponseCode.SUCCESS);
        const dead = await next(`%DLQ%${GROUP}`);
        expectWhole(dead, sent);
        const { commitLogOffset } = dead.message;
        const viewed = await askRaw(peer, RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(commitLogOffset) });
        expect(viewed.code).toBe(ResponseCode.SUCCESS);
      }),
      { numRuns: 25 },
    );
  });

  it('has room for what the broker adds: a message that comes back for ever is refused when it is sent', async () => {
    const outcomes: string[] = [];
    for (const length of [31_000, 31_400, 31_600, 31_700, 31_800, 32_400, 32_600, 32_700]) {
      const sent = { properties: [[Buffer.from('k'), Buffer.alloc(length, 'v')]] as const, body: Buffer.from('x') };
      const code = await send(sent, '');
      outcomes.push(code === ResponseCode.SUCCESS ? 'taken' : 'refused');
      if (code !== ResponseCode.SUCCESS) continue;
      const plain = await next(TOPIC);
      expect((await sendBack(peer, plain.message, GROUP, 1)).code).toBe(ResponseCode.SUCCESS);
      const returned = await next(`%RETRY%${GROUP}`);
      expectWhole(returned, sent);
      expect((await sendBack(peer, returned.message, GROUP, -1)).code).toBe(ResponseCode.SUCCESS);
      expectWhole(await next(`%DLQ%${GROUP}`), sent);
    }
    expect([outcomes.at(0), outcomes.at(-1)]).toEqual(['taken', 'refused']);
  });
});
