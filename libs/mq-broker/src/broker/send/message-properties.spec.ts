import { describe, expect, it } from '@jest/globals';
import { decodeProperties, javaStringHash, propertiesToString } from '@rocketshop/mq-protocol';
import { PropertyRewriter } from './message-properties.js';

const added = { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true', CLUSTER: 'DefaultCluster' };

describe('the property rewriter', () => {
  const rewriter = new PropertyRewriter({ regionId: 'DefaultRegion', traceOn: true, clusterName: 'DefaultCluster' });

  const rewrite = (text: string, keepsDelay = true): Record<string, string> => {
    const source = Buffer.from(`xx${text}yy`);
    rewriter.begin(keepsDelay);
    expect(rewriter.append(source, 2, source.length - 2)).toBe(true);
    expect(rewriter.finish()).toBe(true);
    return { ...decodeProperties(rewriter.buffer, 0, rewriter.length) };
  };

  it('keeps what the sender said and adds what the broker says', () => {
    const given = { UNIQ_KEY: 'ID', TAGS: 'TagA', KEYS: 'a b', custom: 'é ☃' };
    expect(rewrite(propertiesToString(given))).toEqual({ ...given, ...added });
    expect(rewriter.tagsCode).toBe(2598919);
    expect(rewriter.waitStoreMsgOk).toBe(true);
  });

  it('hashes tags as Java does, beyond ASCII too', () => {
    rewrite(propertiesToString({ TAGS: '标签' }));
    expect(rewriter.tagsCode).toBe(javaStringHash('标签'));
  });

  it('makes an id for a message without one', () => {
    expect(rewrite('')).toEqual({ ...added, UNIQ_KEY: expect.stringMatching(/^[0-9A-F]{32}$/) });
  });

  it('follows the hint to the broker and keeps it, as Apache RocketMQ does', () => {
    expect(rewrite(propertiesToString({ UNIQ_KEY: 'ID', WAIT: 'false', POP_CK: '1 2' }))).toEqual({
      UNIQ_KEY: 'ID',
      WAIT: 'false',
      ...added,
    });
    expect(rewriter.waitStoreMsgOk).toBe(false);
  });

  it('does not believe a sender who speaks for the broker', () => {
    const forged = {
      UNIQ_KEY: 'ID',
      CLUSTER: 'Other',
      MSG_REGION: 'Mars',
      REAL_TOPIC: 'SCHEDULE_TOPIC_XXXX',
      REAL_QID: '9',
    };
    expect(rewrite(propertiesToString(forged))).toEqual({ UNIQ_KEY: 'ID', ...added });
  });

  it('reads old strings without a last separator and passes over empty entries', () => {
    expect(rewrite('\u0002\u0001x\u0002a\u0001\u0002UNIQ_KEY\u0001ID\u0002DELAY\u00013')).toEqual({
      UNIQ_KEY: 'ID',
      DELAY: '3',
      ...added,
    });
    expect(rewriter.delayLevel).toBe(3);
  });

  it('drops a delay that is none, and any delay where there must not be one', () => {
    expect(rewrite(propertiesToString({ UNIQ_KEY: 'ID', DELAY: '-1' }))).not.toHaveProperty('DELAY');
    expect(rewrite(propertiesToString({ UNIQ_KEY: 'ID', DELAY: '5' }), false)).not.toHaveProperty('DELAY');
    expect(rewriter.delayLevel).toBe(0);
  });

  it('notices transactions and free delays', () => {
    rewrite(propertiesToString({ TRAN_MSG: 'TRUE', TIMER_DELIVER_MS: '1' }));
    expect([rewriter.isTransactionPrepared, rewriter.hasTimer]).toEqual([true, true]);
    rewrite('');
    expect([rewriter.isTransactionPrepared, rewriter.hasTimer]).toEqual([false, false]);
  });

  it('refuses what no record can hold', () => {
    const long = Buffer.from(propertiesToString({ big: 'x'.repeat(32_760) }));
    rewriter.begin();
    expect(rewriter.append(long, 0, long.length)).toBe(true);
    expect(rewriter.finish()).toBe(false);
    const endless = Buffer.alloc(200_000, 'x');
    rewriter.begin();
    expect(rewriter.append(endless, 0, endless.length)).toBe(false);
  });
});
