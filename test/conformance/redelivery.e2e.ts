import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsumerSendMsgBack } from '@rocketshop/mq-protocol';
import type { MessageExt, Peer } from '@rocketshop/mq-protocol';
import { until } from '@rocketshop/shop-testkit';
import { ask, BrokerUnderTest, heartbeat, pull, send, sendBack } from './support/broker-under-test.js';

/** An hour passes in 36 seconds: level 3 (10 s) takes 100 ms. */
const TIME_SCALE = 100;

const firstOf = (peer: Peer, topic: string, queueOffset = 0): Promise<MessageExt> =>
  until(async () => (await pull(peer, topic, { queueOffset })).messages[0], { intervalMs: 5 });

/** Rows 44 and 50 of the conformance list: what comes again, and what comes later. */
describe('a broker', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;

  beforeEach(async () => {
    broker = await BrokerUnderTest.start({ timeScale: TIME_SCALE });
    peer = await broker.connect();
    await heartbeat(peer, 'c1', 'group', { orders: '*' });
  });

  afterEach(() => broker.close());

  it('delivers a message that was handed back again, after a delay (row 44)', async () => {
    await send(peer, 'orders', { body: 'again', properties: { TAGS: 'TagA', KEYS: 'k1' } });
    const message = await firstOf(peer, 'orders');
    const handedBackAt = Date.now();
    expect((await sendBack(peer, message, 'group')).code).toBe(0);
    const again = await firstOf(peer, '%RETRY%group');

    expect(Date.now() - handedBackAt).toBeGreaterThanOrEqual(99);
    expect(again).toMatchObject({ topic: '%RETRY%group', reconsumeTimes: 1, properties: { TAGS: 'TagA', KEYS: 'k1' } });
    expect(again.properties).toMatchObject({ RETRY_TOPIC: 'orders', ORIGIN_MESSAGE_ID: message.offsetMsgId });
    expect(again.properties).toHaveProperty('DELAY', '3');
    expect(again.body.toString()).toBe('again');
  });

  it('takes a step of the ladder each time, and remembers where the message came from (row 44)', async () => {
    await send(peer, 'orders');
    const first = await firstOf(peer, 'orders');
    await sendBack(peer, first, 'group');
    const second = await firstOf(peer, '%RETRY%group');
    await sendBack(peer, second, 'group');
    const third = await firstOf(peer, '%RETRY%group', 1);

    expect(third.reconsumeTimes).toBe(2);
    expect(third.properties).toMatchObject({ RETRY_TOPIC: 'orders', ORIGIN_MESSAGE_ID: first.offsetMsgId });
    // Level 4 is 30 s.
    expect(third.storeTimestamp - second.storeTimestamp).toBeGreaterThanOrEqual(300);
  });

  it('gives up on a message that was delivered often enough, or at once when told so (row 44)', async () => {
    await send(peer, 'orders', { body: 'worn out', reconsumeTimes: 16 });
    await send(peer, 'orders', { body: 'hopeless' });
    const wornOut = await firstOf(peer, 'orders');
    const hopeless = await firstOf(peer, 'orders', 1);
    await sendBack(peer, wornOut, 'group');
    await sendBack(peer, hopeless, 'group', -1);
    const dead = await until(async () => {
      const { messages } = await pull(peer, '%DLQ%group');
      return messages.length === 2 && messages;
    });

    expect(dead.map(({ body, reconsumeTimes }) => [body.toString(), reconsumeTimes])).toEqual([
      ['worn out', 17],
      ['hopeless', 1],
    ]);
    expect(dead[1]?.properties).toMatchObject({
      RETRY_TOPIC: 'orders',
      ORIGIN_MESSAGE_ID: hopeless.offsetMsgId,
    });
  });

  it('says so when there is no such message or group (row 44)', async () => {
    const request = ConsumerSendMsgBack.createRequest({ offset: 123_456, group: 'group', delayLevel: 0 });
    expect((await ask(peer, request)).code).toBe(1);

    const strict = await BrokerUnderTest.start({ autoCreateSubscriptionGroup: false });
    const { code } = await ask(await strict.connect(), request);
    await strict.close();
    expect(code).toBe(26);
  });

  it('takes a message that its consumer sends back itself (section 4.4)', async () => {
    const properties = { RETRY_TOPIC: 'orders', DELAY: '3' };
    await send(peer, '%RETRY%group', { reconsumeTimes: 1, maxReconsumeTimes: 1, properties });
    await send(peer, '%RETRY%group', { reconsumeTimes: 2, maxReconsumeTimes: 1, properties });
    const retried = await firstOf(peer, '%RETRY%group');
    const dead = await firstOf(peer, '%DLQ%group');

    expect([retried.reconsumeTimes, dead.reconsumeTimes]).toEqual([1, 2]);
    expect(dead.properties).toHaveProperty('DELAY', '-1');
  });

  it('delivers a delayed message once, in its queue, when it is due (row 50)', async () => {
    const sentAt = Date.now();
    const answer = await send(peer, 'orders', { queueId: 2, body: 'later', properties: { DELAY: '3', TAGS: 'TagA' } });
    expect(answer).toMatchObject({ code: 0, queueId: 2 });
    expect((await pull(peer, 'orders', { queueId: 2 })).maxOffset).toBe(0);
    const { messages } = await until(async () => {
      const found = await pull(peer, 'orders', { queueId: 2, subscription: 'TagA' });
      return found.messages.length > 0 && found;
    });

    expect(messages).toHaveLength(1);
    expect(messages[0]?.storeTimestamp ?? 0).toBeGreaterThanOrEqual(sentAt + 100);
    expect(messages[0]?.storeTimestamp ?? 0).toBeLessThan(sentAt + 1_100);
    expect(messages[0]).toMatchObject({ queueId: 2, properties: { TAGS: 'TagA' } });
    expect(messages[0]?.properties).toHaveProperty('DELAY', '3');
  });

  it('reads a level as Java does: what is no number is refused, and a level below 1 is no delay', async () => {
    for (const level of ['0x1', '1e0', ' 1', '1 ', '1.0', '2147483648', '+', '𝟏', 'soon']) {
      const answer = await send(peer, 'orders', { body: level, properties: { DELAY: level } });
      expect([level, answer.code, answer.remark]).toEqual([level, 1, expect.stringContaining('DELAY')]);
    }
    for (const level of ['+18', '018', '１８', '١٨', '0', '-1', '-2147483648']) {
      expect((await send(peer, 'orders', { body: level, properties: { DELAY: level } })).code).toBe(0);
    }
    const { messages } = await pull(peer, 'orders');
    expect(messages.map(({ body }) => body.toString())).toEqual(['0', '-1', '-2147483648']);
  });

  it('takes a level above the last for the last (row 50)', async () => {
    const short = await BrokerUnderTest.start({ messageDelayLevel: '1s 2s', timeScale: TIME_SCALE });
    const sender = await short.connect();
    const sentAt = Date.now();
    await send(sender, 'orders', { properties: { DELAY: '99' } });
    const message = await firstOf(sender, 'orders');
    await short.close();

    expect(message.storeTimestamp - sentAt).toBeGreaterThanOrEqual(20);
  });

  it('still delivers after a restart, and once (row 50)', async () => {
    const storePathRootDir = await mkdtemp(join(tmpdir(), 'rocketshop-conformance-'));
    const before = await BrokerUnderTest.start({ storePathRootDir, timeScale: TIME_SCALE });
    const sender = await before.connect();
    await send(sender, 'orders', { body: 'early', properties: { DELAY: '1' } });
    await firstOf(sender, 'orders');
    await send(sender, 'orders', { body: 'late', properties: { DELAY: '4' } });
    await before.close();

    const after = await BrokerUnderTest.start({ storePathRootDir, timeScale: TIME_SCALE });
    const reader = await after.connect();
    await firstOf(reader, 'orders', 1);
    const { messages } = await pull(reader, 'orders');
    await after.close();
    await rm(storePathRootDir, { recursive: true });
    expect(messages.map(({ body }) => body.toString())).toEqual(['early', 'late']);
  });
});
