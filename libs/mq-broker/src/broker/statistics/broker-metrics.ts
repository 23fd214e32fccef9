import {
  decodeMessage,
  dlqTopic,
  frameMemory,
  isDlqTopic,
  isRetryTopic,
  retryTopic,
  unsentMemory,
} from '@rocketshop/mq-protocol';
import type { BrokerAssembly } from '../broker-assembly.js';
import type { BrokerContext } from '../broker-context.js';

/** Anybody can create groups. The metrics of these, the oldest ones, are given; the others are counted. */
const GROUPS_MAX = 100;

/** What a broker measures of itself. Totals count from its start, unless they say otherwise. */
export interface BrokerMetrics {
  messagesIn: number;
  messagesOut: number;
  bytesOut: number;
  connections: number;
  /** Connections that were closed at once, since there were too many. */
  connectionsRefused: number;
  pullsHeld: number;
  acksWaiting: number;
  queueLocks: number;
  /** Bytes of frames whose rest has not arrived. */
  partialBytes: number;
  /** Bytes that slow readers have not taken. */
  unsentBytes: number;
  store: StoreMetrics;
  groups: GroupMetrics[];
  /** Groups beyond the first hundred. */
  groupsLeftOut: number;
}

interface StoreMetrics {
  isWritable: boolean;
  /** Bytes of the log that are kept. */
  bytes: number;
  /** Bytes that were ever written to the log, earlier starts included. */
  writtenBytes: number;
  unflushedBytes: number;
  diskUsedRatio: number;
  /** Undefined for an empty store. */
  oldestMessageAgeMs: number | undefined;
}

export interface GroupMetrics {
  group: string;
  /** Messages that the group has not consumed. */
  lag: number;
  /** Age of the oldest of them; 0 without any. */
  lagAgeMs: number;
  /** Messages in the group's dead letter queue. */
  deadLetters: number;
  /** Messages that ever came there. */
  deadLettersTotal: number;
  /** Redeliveries that were ever stored. */
  retriesTotal: number;
  members: number;
}

export function brokerMetrics(assembly: BrokerAssembly): BrokerMetrics {
  const { context, server, longPolls, acks, locks, statistics } = assembly;
  const progress = progressByGroup(context);
  const groups = [...context.groups.entries()]
    .map(({ groupName }) => groupName)
    .filter((group) => progress.has(group) || context.topics.get(dlqTopic(group)) !== undefined);
  return {
    messagesIn: statistics.putTotal,
    messagesOut: statistics.getTotal,
    bytesOut: statistics.getBytesTotal,
    connections: server.peers.size,
    connectionsRefused: server.refused,
    pullsHeld: longPolls.size,
    acksWaiting: acks.size,
    queueLocks: locks.size,
    partialBytes: frameMemory.bytes,
    unsentBytes: unsentMemory.bytes,
    store: storeMetrics(context),
    groups: groups.slice(0, GROUPS_MAX).map((group) => groupMetrics(context, group, progress.get(group) ?? [])),
    groupsLeftOut: Math.max(0, groups.length - GROUPS_MAX),
  };
}

function storeMetrics({ store, clock }: BrokerContext): StoreMetrics {
  const oldest = store.reader.lookMessage(store.minPhysicalOffset);
  return {
    isWritable: store.isWritable,
    bytes: store.maxPhysicalOffset - store.minPhysicalOffset,
    writtenBytes: store.maxPhysicalOffset,
    unflushedBytes: store.maxPhysicalOffset - store.flushedOffset,
    diskUsedRatio: Number(store.runtimeInfo()['commitLogDiskRatio']),
    oldestMessageAgeMs:
      oldest === undefined ? undefined : Math.max(0, clock.now() - decodeMessage(oldest).storeTimestamp),
  };
}

interface Progress {
  topic: string;
  queueId: number;
  offset: number;
}

/** Built once for all groups: a look-up for each would read the whole table for each. */
function progressByGroup({ offsets }: BrokerContext): Map<string, Progress[]> {
  const byGroup = new Map<string, Progress[]>();
  for (const { group, topic, queueId, offset } of offsets.entries()) {
    const list = byGroup.get(group);
    if (list === undefined) byGroup.set(group, [{ topic, queueId, offset }]);
    else list.push({ topic, queueId, offset });
  }
  return byGroup;
}

function groupMetrics(context: BrokerContext, group: string, progress: readonly Progress[]): GroupMetrics {
  const { reader } = context.store;
  const online = context.consumers.get(group);
  const now = context.clock.now();
  let lag = 0;
  let lagAgeMs = 0;
  for (const { topic, queueId, offset } of progress) {
    // A topic that the group no longer subscribes to is no backlog.
    if (online !== undefined && !isRetryTopic(topic) && !online.subscriptions.has(topic)) continue;
    if (isDlqTopic(topic)) continue;
    const next = Math.max(offset, reader.minOffset(topic, queueId));
    const behind = reader.maxOffset(topic, queueId) - next;
    if (behind <= 0) continue;
    lag += behind;
    const storedAt = reader.storeTimeOf(topic, queueId, next);
    if (storedAt > 0) lagAgeMs = Math.max(lagAgeMs, now - storedAt);
  }
  const deadLetters = dlqTopic(group);
  const deadLettersTotal = Math.max(0, reader.maxOffset(deadLetters, 0));
  return {
    group,
    lag,
    lagAgeMs,
    deadLetters: deadLettersTotal - Math.max(0, reader.minOffset(deadLetters, 0)),
    deadLettersTotal,
    retriesTotal: messagesOf(context, retryTopic(group)),
    members: online?.channels.size ?? 0,
  };
}

function messagesOf({ topics, store }: BrokerContext, topic: string): number {
  let messages = 0;
  for (let queueId = 0; queueId < (topics.get(topic)?.readQueueNums ?? 0); queueId += 1)
    messages += Math.max(0, store.reader.maxOffset(topic, queueId));
  return messages;
}
