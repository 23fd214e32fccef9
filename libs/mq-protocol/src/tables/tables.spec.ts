import { describe, expect, it } from '@jest/globals';
import {
  dlqTopic,
  isReservedProperty,
  isSystemGroup,
  isSystemTopic,
  isValidGroupName,
  isValidTopicName,
  languageName,
  languageOrdinal,
  RequestCode,
  requestCodeName,
  ResponseCode,
  responseCodeName,
  retryTopic,
} from './index.js';

describe('the tables', () => {
  it('have one name for one code', () => {
    for (const table of [RequestCode, ResponseCode]) {
      expect(new Set(Object.values(table)).size).toBe(Object.keys(table).length);
    }
    expect([requestCodeName(310), requestCodeName(9999)]).toEqual(['SEND_MESSAGE_V2', '9999']);
    expect([responseCodeName(17), responseCodeName(9999)]).toEqual(['TOPIC_NOT_EXIST', '9999']);
  });

  it('know languages both ways and take unknown ones for OTHER', () => {
    expect([languageName(9), languageName(99), languageOrdinal('GO'), languageOrdinal('KLINGON')]).toEqual([
      'GO',
      'OTHER',
      9,
      7,
    ]);
    expect(languageOrdinal('constructor')).toBe(7);
  });

  it.each(['Orders', 'a-b_C|9', '%RETRY%g', 't'.repeat(127), retryTopic('g'.repeat(120)), dlqTopic('g')])(
    '%s is a topic',
    (topic) => {
      expect(isValidTopicName(topic)).toBe(true);
    },
  );

  it.each(['', '../../x', 'a/b', 'a.b', 'a b', 'a\u0000', '%2e%2e/', 'ü', 't'.repeat(128), 'a\nb'])(
    '<%s> is none, and never becomes a path',
    (topic) => {
      expect([isValidTopicName(topic), isValidGroupName(topic)]).toEqual([false, false]);
    },
  );

  it('know what belongs to the system', () => {
    expect(['TBW102', 'SCHEDULE_TOPIC_XXXX', 'rmq_sys_x', 'Orders'].map(isSystemTopic)).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(['TOOLS_CONSUMER', 'CID_RMQ_SYS_x', 'mine'].map(isSystemGroup)).toEqual([true, true, false]);
    expect(['TAGS', '__transactionId__', 'mine'].map(isReservedProperty)).toEqual([true, true, false]);
    expect(isValidGroupName('g'.repeat(121))).toBe(false);
  });
});
