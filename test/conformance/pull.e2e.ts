import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PullSysFlag, RequestCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, heartbeat, pull, pulled, pullRequest, send } from './support/broker-under-test.js';
import type { Pulled } from './support/broker-under-test.js';

const SUSPEND = PullSysFlag.SUSPEND | PullSysFlag.SUBSCRIPTION;

/** Waits until what was sent may be read: under load the write follows the answer by a tick. */
const untilVisible = (peer: Peer, topic: string, maxOffset: number): Promise<Pulled> =>
  until(async () => {
    const answer = await pull(peer, topic);
    return answer.maxOffset === maxOffset && answer;
  });

/** Rows 30 to 34 and 42 of the conformance list: what a pull finds, and how long it waits. */
describe('a pull', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;

  beforeEach(async () => {
    broker = await BrokerUnderTest.start();
    peer = await broker.connect();
  });

  afterEach(() => broker.close());

  it('needs a heartbeat or an expression of its own (row 30)', async () => {
    await send(peer, 'orders');
    expect((await pull(peer, 'orders', { sysFlag: 0 })).code).toBe(24);
    expect((await pull(peer, 'orders', { sysFlag: PullSysFlag.SUBSCRIPTION })).code).toBe(0);

    await heartbeat(peer, 'c1', 'readers', { other: '*' });
    expect((await pull(peer, 'orders', { sysFlag: 0 })).code).toBe(24);
    await heartbeat(peer, 'c1', 'readers', { orders: '*' });
    expect((await pull(peer, 'orders', { sysFlag: 0, subVersion: 1 })).messages).toHaveLength(1);
    expect((await pull(peer, 'orders', { sysFlag: 0, subVersion: 2 })).code).toBe(25);
  });

  it('of what is not there is told what is missing (row 30)', async () => {
    await send(peer, 'orders');
    expect((await pull(peer, 'unknown')).code).toBe(17);
    expect((await pull(peer, 'orders', { queueId: 4 })).code).toBe(29);
    expect((await pull(peer, 'orders', { consumerGroup: 'a.b' })).code).toBe(26);
  });

  it('with an offset outside the queue is told where to go on (row 31)', async () => {
    for (let count = 0; count < 3; count += 1) await send(peer, 'orders');

    expect(await pull(peer, 'orders', { queueOffset: 3 })).toMatchObject({
      code: 19,
      nextBeginOffset: 3,
      minOffset: 0,
      maxOffset: 3,
    });
    // Nobody has read the three: an offset beyond the end comes from another queue of that name.
    expect(await pull(peer, 'orders', { queueOffset: 7 })).toMatchObject({ code: 21, nextBeginOffset: 0 });
    expect(await pull(peer, 'orders', { queueId: 1, queueOffset: 0 })).toMatchObject({ code: 19, nextBeginOffset: 0 });
    expect(await pull(peer, 'orders', { queueId: 1, queueOffset: 5 })).toMatchObject({ code: 21, nextBeginOffset: 0 });
    expect(await pull(peer, 'orders', { queueOffset: -1 })).toMatchObject({ code: 21, nextBeginOffset: 0 });
  });

  it('at the end waits, and is answered as soon as a message comes (row 32)', async () => {
    await send(peer, 'orders', { queueId: 1 });
    const reader = await broker.connect();
    const waiting = ask(reader, pullRequest('orders', { sysFlag: SUSPEND, suspendTimeoutMillis: 15_000 }));
    // The answer to a request sent after it shows that the broker has taken the pull.
    await pull(reader, 'orders', { queueId: 1 });
    const sentAt = performance.now();
    await send(peer, 'orders', { body: 'at last' });
    const answer = pulled(await waiting);

    expect(performance.now() - sentAt).toBeLessThan(1_000);
    expect(answer.messages.map(({ body }) => body.toString())).toEqual(['at last']);
  });

  it('is not woken by a tag it does not want (row 32)', async () => {
    await send(peer, 'orders', { queueId: 1 });
    const reader = await broker.connect();
    const wanted = pullRequest('orders', { sysFlag: SUSPEND, suspendTimeoutMillis: 15_000, subscription: 'TagA' });
    let answers = 0;
    const waiting = ask(reader, wanted).then((answer) => {
      answers += 1;
      return pulled(answer);
    });
    await pull(reader, 'orders', { queueId: 1 });
    await send(peer, 'orders', { properties: { TAGS: 'TagB' } });
    await untilVisible(peer, 'orders', 1);
    expect(answers).toBe(0);
    await send(peer, 'orders', { properties: { TAGS: 'TagA' } });
    const answer = await waiting;

    expect(answer).toMatchObject({ code: 0, nextBeginOffset: 2 });
    expect(answer.messages.map(({ properties }) => properties['TAGS'])).toEqual(['TagA']);
  });

  it('is answered 19 when its time is over (row 32)', async () => {
    await send(peer, 'orders', { queueId: 1 });
    const startedAt = performance.now();
    const answer = await pull(peer, 'orders', { sysFlag: SUSPEND, suspendTimeoutMillis: 400 });
    const waitedMs = performance.now() - startedAt;

    expect(answer).toMatchObject({ code: 19, nextBeginOffset: 0 });
    expect(waitedMs).toBeGreaterThanOrEqual(395);
    expect(waitedMs).toBeLessThan(2_000);
  });

  it('beyond what one connection may hold is refused', async () => {
    const small = await BrokerUnderTest.start({ limits: { heldPullsPerPeerMax: 2 } });
    const reader = await small.connect();
    await send(reader, 'orders');
    const codes = await Promise.all(
      [1, 2, 3].map(async (queueId) => {
        const held = { queueId, sysFlag: SUSPEND, suspendTimeoutMillis: 300 };
        return (await pull(reader, 'orders', held)).code;
      }),
    );
    await small.close();

    expect(codes).toEqual([19, 19, 209]);
  });

  it('gets records that decode, with hosts, offsets and checksum (row 33)', async () => {
    const { msgId } = await send(peer, 'orders', { body: 'content', properties: { KEYS: 'k' } });
    const answer = await ask(peer, pullRequest('orders'));
    const [message] = pulled(answer).messages;

    expect(answer.body?.readUInt32BE(4)).toBe(0xdaa320a7);
    expect(message).toMatchObject({
      topic: 'orders',
      queueId: 0,
      queueOffset: 0,
      commitLogOffset: 0,
      offsetMsgId: msgId,
      reconsumeTimes: 0,
      bornHost: '127.0.0.1',
      storeHost: '127.0.0.1',
      storePort: broker.handle.port,
      bornPort: peer.localPort,
    });
    expect(message?.body.toString()).toBe('content');
    expect(message?.properties['KEYS']).toBe('k');
  });

  it('by tags gets these only, and moves on where there are none (row 34)', async () => {
    const tags = ['TagA', 'TagB', 'TagC', undefined, 'TagA'];
    for (const tag of tags) await send(peer, 'orders', tag === undefined ? {} : { properties: { TAGS: tag } });
    const tagsOf = (answer: Pulled): (string | undefined)[] =>
      answer.messages.map(({ properties }) => properties['TAGS']);

    expect(tagsOf(await pull(peer, 'orders', { subscription: 'TagA || TagB' }))).toEqual(['TagA', 'TagB', 'TagA']);
    expect(tagsOf(await pull(peer, 'orders'))).toEqual(tags);
    expect(await pull(peer, 'orders', { subscription: 'TagX' })).toMatchObject({ code: 20, nextBeginOffset: 5 });
    expect((await pull(peer, 'orders', { expressionType: 'SQL92', subscription: 'a > 1' })).code).toBe(1);
  });

  it('may be a lite pull (row 48)', async () => {
    await send(peer, 'orders');
    const answer = await ask(peer, { ...pullRequest('orders'), code: RequestCode.LITE_PULL_MESSAGE });

    expect(pulled(answer).messages).toHaveLength(1);
  });
});
