import { beforeEach, describe, expect, it } from '@jest/globals';

import type { ConsumerData, Peer, SubscriptionData } from '@rocketshop/mq-protocol';

import { ConsumerManager } from './consumer-manager.js';
import type { ClientIdentity } from './client-channel.js';
import { ProducerManager } from './producer-manager.js';

class FakePeer {
  closed = false;
  close(): void {
    this.closed = true;
  }
}

const client = (clientId: string): ClientIdentity & { fake: FakePeer } => {
  const fake = new FakePeer();
  // The tables only compare and close connections.
  return { peer: fake as unknown as Peer, fake, clientId, language: 'JAVA', version: 409 };
};

const subscription = (topic: string, subVersion = 1): SubscriptionData => ({
  topic,
  subString: '*',
  tagsSet: [],
  codeSet: [],
  subVersion,
  expressionType: 'TAG',
  classFilterMode: false,
});

const consuming = (subscriptionDataSet: SubscriptionData[], changes: Partial<ConsumerData> = {}): ConsumerData => ({
  groupName: 'g',
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  subscriptionDataSet,
  unitMode: false,
  ...changes,
});

describe('the consumers that are online', () => {
  let now: number;
  let consumers: ConsumerManager;
  let notified: string[][];

  beforeEach(() => {
    now = 0;
    consumers = new ConsumerManager({ clock: { now: () => now } });
    notified = [];
    consumers.onGroupChanged = (group) => notified.push(group.clientIds());
  });

  it('hear of each other when one joins, and not on each heartbeat', () => {
    const [a, b] = [client('a'), client('b')];
    consumers.heartbeat(a, consuming([subscription('T')]));
    consumers.heartbeat(b, consuming([subscription('T')]));
    consumers.heartbeat(a, consuming([subscription('T')]));
    expect(notified).toEqual([['a'], ['a', 'b']]);
    expect(consumers.clientIds('g')).toEqual(['a', 'b']);
    expect(consumers.findChannel('g', 'b')?.peer).toBe(b.peer);
  });

  it('hear of topics that come and go, not of a changed expression', () => {
    const a = client('a');
    consumers.heartbeat(a, consuming([subscription('T')]));
    consumers.heartbeat(a, consuming([subscription('T'), subscription('U')]));
    consumers.heartbeat(a, consuming([subscription('T', 2), subscription('U')]));
    consumers.heartbeat(a, consuming([subscription('T', 2)]));
    expect(notified).toHaveLength(3);
    expect([...(consumers.get('g')?.subscriptions.keys() ?? [])]).toEqual(['T']);
  });

  it('keep the subscription object until a newer version comes', () => {
    const a = client('a');
    const first = subscription('T', 5);
    consumers.heartbeat(a, consuming([first]));
    consumers.heartbeat(a, consuming([subscription('T', 5)]));
    consumers.heartbeat(a, consuming([subscription('T', 4)]));
    expect(consumers.get('g')?.subscriptions.get('T')).toBe(first);
    const newer = subscription('T', 6);
    consumers.heartbeat(a, consuming([newer]));
    expect(consumers.get('g')?.subscriptions.get('T')).toBe(newer);
  });

  it('hear when one leaves or its connection closes; the last one takes the group along', () => {
    const [a, b, c] = [client('a'), client('b'), client('c')];
    for (const each of [a, b, c]) consumers.heartbeat(each, consuming([subscription('T')]));
    consumers.heartbeat(a, consuming([subscription('T')], { groupName: 'other' }));
    notified = [];

    consumers.unregister(c.peer, 'g');
    expect(notified).toEqual([['a', 'b']]);
    consumers.dropPeer(a.peer);
    expect(notified).toEqual([['a', 'b'], ['b']]);
    expect(consumers.get('other')).toBeUndefined();
    consumers.dropPeer(b.peer);
    expect(consumers.get('g')).toBeUndefined();
    expect(notified).toHaveLength(2);
  });

  it('are dropped and their connection closed after two minutes of silence', () => {
    const [a, b] = [client('a'), client('b')];
    consumers.heartbeat(a, consuming([subscription('T')]));
    now = 60_000;
    consumers.heartbeat(b, consuming([subscription('T')]));
    now = 120_001;
    consumers.dropExpired();
    expect(a.fake.closed).toBe(true);
    expect(consumers.clientIds('g')).toEqual(['b']);
    expect(notified.at(-1)).toEqual(['b']);
  });

  it('are not told of each other where they broadcast or the group does not want it', () => {
    consumers.heartbeat(client('a'), consuming([subscription('T')], { messageModel: 'BroadCasting' }));
    expect(consumers.get('g')?.messageModel).toBe('BROADCASTING');
    expect(notified).toEqual([]);

    const quiet = new ConsumerManager({ clock: { now: () => now }, isNotifyEnabled: () => false });
    quiet.onGroupChanged = (group) => notified.push(group.clientIds());
    quiet.heartbeat(client('a'), consuming([subscription('T')]));
    expect(notified).toEqual([]);
  });
});

describe('the producers that are online', () => {
  it('are listed until they leave, close or fall silent', () => {
    let now = 0;
    const producers = new ProducerManager({ clock: { now: () => now } });
    const [a, b, c] = [client('a'), client('b'), client('c')];
    for (const each of [a, b, c]) producers.heartbeat(each, 'p');
    const ids = (): string[] => [...producers.channels('p')].map(({ clientId }) => clientId);

    producers.unregister(a.peer, 'p');
    expect(ids()).toEqual(['b', 'c']);
    producers.dropPeer(b.peer);
    expect(ids()).toEqual(['c']);
    now = 120_001;
    producers.dropExpired();
    expect(c.fake.closed).toBe(true);
    expect([...producers.groups()]).toEqual([]);
  });
});
