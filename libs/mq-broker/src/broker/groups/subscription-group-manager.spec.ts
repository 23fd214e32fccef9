import { beforeEach, describe, expect, it } from '@jest/globals';

import { newSubscriptionGroupConfig } from '@rocketshop/mq-protocol';

import type { ConfigStorage } from '../../config/index.js';
import { SubscriptionGroupManager } from './subscription-group-manager.js';
import type { SubscriptionGroupManagerOptions } from './subscription-group-manager.js';

class Memory implements ConfigStorage {
  text: string | undefined;
  load(): Promise<string | undefined> {
    return Promise.resolve(this.text);
  }
  save(text: string): Promise<void> {
    this.text = text;
    return Promise.resolve();
  }
}

describe('the consumer groups a broker knows', () => {
  let storage: Memory;
  const clock = { now: () => 1_700_000_000_000 };
  const load = (
    changes: Partial<SubscriptionGroupManagerOptions['config']> = {},
    groupsMax = 100,
  ): Promise<SubscriptionGroupManager> => {
    const limits = { pendingAcksMax: 1, heldPullsMax: 1, heldPullsPerPeerMax: 1, topicsMax: 1, connectionsMax: 1 };
    const config = { autoCreateSubscriptionGroup: true, limits: { ...limits, groupsMax }, ...changes };
    return SubscriptionGroupManager.load({ config, storage, clock });
  };

  beforeEach(() => {
    storage = new Memory();
  });

  it('start with the system groups', async () => {
    const groups = await load();
    expect(groups.get('TOOLS_CONSUMER')).toEqual(newSubscriptionGroupConfig('TOOLS_CONSUMER'));
    expect(groups.get('CID_RMQ_SYS_TRANS')).toBeDefined();
    expect(groups.get('DEFAULT_CONSUMER')).toBeUndefined();
  });

  it('are saved in the shape of subscriptionGroup.json and found again', async () => {
    const first = await load();
    first.update({ ...newSubscriptionGroupConfig('g'), retryMaxTimes: 3 });
    await first.saved();
    const file = JSON.parse(storage.text ?? '') as Record<string, unknown>;
    expect(Object.keys(file)).toEqual(['dataVersion', 'forbiddenTable', 'subscriptionGroupTable']);

    const second = await load();
    expect(second.get('g')?.retryMaxTimes).toBe(3);
    expect(second.dataVersion).toEqual(first.dataVersion);
  });

  it('appear with the first heartbeat, unless that is switched off', async () => {
    const groups = await load();
    expect(groups.findOrCreate('g')?.retryQueueNums).toBe(1);
    expect(groups.findOrCreate('../g')).toBeUndefined();

    const strict = await load({ autoCreateSubscriptionGroup: false });
    expect(strict.findOrCreate('other')).toBeUndefined();
    expect(strict.findOrCreate('CID_RMQ_SYS_NEW')).toBeDefined();
  });

  it('are limited in number', async () => {
    const groups = await load({}, 8);
    expect(groups.findOrCreate('g')).toBeUndefined();
  });

  it('change their version only when something changed', async () => {
    const groups = await load();
    groups.update(newSubscriptionGroupConfig('g'));
    const { counter } = groups.dataVersion;
    expect(groups.update(newSubscriptionGroupConfig('g'))).toBe(false);
    expect(groups.delete('g')).toBe(true);
    expect(groups.delete('g')).toBe(false);
    expect(groups.dataVersion.counter).toBe(counter + 1);
  });
});
