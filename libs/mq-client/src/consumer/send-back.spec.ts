import { describe, expect, it } from '@jest/globals';
import { decodeProperties, type MessageExt } from '@rocketshop/mq-protocol';
import { resendOf } from './send-back.js';

const options = { group: 'g', maxReconsumeTimes: 16 };
const failed = (changes: Partial<MessageExt> = {}): MessageExt =>
  ({
    topic: 'orders',
    body: Buffer.from('hello'),
    flag: 5,
    properties: { TAGS: 'paid', UNIQ_KEY: 'id-1', TRAN_MSG: 'true', DELAY: '1' },
    reconsumeTimes: 2,
    msgId: 'id-1',
    ...changes,
  }) as MessageExt;

describe('resendOf', () => {
  it('sends a copy to the retry topic, one delivery and one delay level further', () => {
    const copy = resendOf(failed(), 0, options);
    expect(copy).toMatchObject({ topic: '%RETRY%g', reconsumeTimes: 3, maxReconsumeTimes: 16, flag: 5, sysFlag: 0 });
    expect({ ...decodeProperties(copy.properties) }).toEqual({
      TAGS: 'paid',
      UNIQ_KEY: 'id-1',
      RETRY_TOPIC: 'orders',
      ORIGIN_MESSAGE_ID: 'id-1',
      DELAY: '5',
    });
  });

  it('keeps the first id, takes the wanted level, and stays on the ladder', () => {
    const again = failed({ properties: { ORIGIN_MESSAGE_ID: 'first' }, reconsumeTimes: 16 });
    expect(decodeProperties(resendOf(again, 0, options).properties)).toMatchObject({
      ORIGIN_MESSAGE_ID: 'first',
      DELAY: '18',
    });
    expect(decodeProperties(resendOf(failed(), 2, options).properties)).toMatchObject({ DELAY: '2' });
  });

  it('asks for the dead letter queue by going over the maximum', () => {
    expect(resendOf(failed(), -1, options).reconsumeTimes).toBe(17);
  });

  it('carries what the listener added', () => {
    const copy = resendOf(failed(), 0, options, { 'failure-class': 'OutOfStockError' });
    expect(decodeProperties(copy.properties)).toMatchObject({ TAGS: 'paid', 'failure-class': 'OutOfStockError' });
  });

  it('compresses a large body again', () => {
    expect(resendOf(failed({ body: Buffer.alloc(5_000, 'a') }), 0, options).sysFlag).toBe(1);
  });
});
