import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { stopSpawnedServices } from '@rocketshop/shop-testkit';
import { ANSWERED_CHANGES, killAtAnswer } from './answered-changes.js';

jest.setTimeout(60_000);

/** One change of each kind of state. All of them, ten times in each flush mode: answered-changes.long.ts. */
const NAMES = [
  '17 UPDATE_AND_CREATE_TOPIC changes a permission',
  '215 DELETE_TOPIC_IN_BROKER deletes the messages for whoever makes the topic again',
  '207 DELETE_SUBSCRIPTIONGROUP deletes the offsets',
  '25 UPDATE_BROKER_CONFIG changes a setting',
  '310 SEND_MESSAGE_V2 makes a topic for a delayed message, which arrives in its queue',
];

afterEach(() => stopSpawnedServices());

describe('a broker that is killed at the answer', () => {
  it.each(NAMES)('to %s has done it', async (name) => {
    const change = ANSWERED_CHANGES.find((one) => one.name === name);
    expect(await killAtAnswer(change!, 'ASYNC_FLUSH')).toBeUndefined();
  });
});
