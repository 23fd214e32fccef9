import { consumerListBody, GetConsumerListByGroup, messageOf, ResponseCode } from '@rocketshop/mq-protocol';
import { BrokerRefusedError, ClientError, NoRouteError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { firstAnswer } from '../instance/first-answer.js';
import { queueKey } from '../message.js';
import type { MessageQueue } from '../message.js';
import { allocateAveragely } from './allocate-averagely.js';
import type { AssignedQueues } from './assigned-queues.js';

/** A broker answers within milliseconds. When it does not for this time, the next one is asked too. */
const NEXT_AFTER_MS = 250;

export interface RebalancerHost {
  readonly instance: ClientInstance;
  readonly group: string;
  readonly stopping: boolean;
  topics(): string[];
}

/**
 * Shares the queues of the group's topics among its members: every member computes the same shares and takes its own.
 * Source: client/impl/consumer/RebalanceImpl.java.
 */
export class Rebalancer {
  /** Topics whose broker did not list this client the last time. Each is logged once. */
  private readonly unlisted = new Set<string>();

  constructor(
    private readonly host: RebalancerHost,
    private readonly assigned: AssignedQueues,
  ) {}

  /** Resolves with false when a share could not be taken: the caller should rebalance again soon. */
  async run(): Promise<boolean> {
    const { host, assigned } = this;
    const topics = host.topics();
    let complete = true;
    for (const queue of assigned.queues) {
      if (!topics.includes(queue.topic)) await assigned.release(queue);
    }
    for (const topic of topics) {
      if (host.stopping) return true;
      try {
        complete = (await this.rebalanceTopic(topic)) && complete;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        host.instance.logger.debug(`rebalance of ${topic} for ${host.group}: ${messageOf(error)}`);
        complete = false;
      }
    }
    return complete;
  }

  private async rebalanceTopic(topic: string): Promise<boolean> {
    const { host, assigned } = this;
    const queues = host.instance.routes.peek(topic)?.subscribeQueues;
    // When the route table finds the missing route, it asks for a rebalance.
    if (queues === undefined) return true;
    const memberIds = await this.memberIds(topic);
    const shares = allocateAveragely(queues, memberIds, host.instance.clientId);
    const wanted = new Map(shares.map((queue) => [queueKey(queue), queue]));
    const held = assigned.queues.filter((queue) => queue.topic === topic);
    await Promise.all(held.filter((queue) => !wanted.has(queueKey(queue))).map((queue) => assigned.release(queue)));
    for (const queue of held) wanted.delete(queueKey(queue));
    const acquired = await this.acquireAll([...wanted.values()]);
    return this.checkListed(topic, memberIds) && acquired;
  }

  /** A broker that does not list this client, although it got a heartbeat, has refused the group. */
  private checkListed(topic: string, memberIds: readonly string[]): boolean {
    const { group, instance } = this.host;
    if (memberIds.includes(instance.clientId)) {
      this.unlisted.delete(topic);
      return true;
    }
    if (!this.unlisted.has(topic)) {
      this.unlisted.add(topic);
      instance.logger.error(
        `the broker of ${topic} does not list this client in group ${group}: is the group refused or its creation disabled?`,
      );
    }
    return false;
  }

  private async acquireAll(queues: readonly MessageQueue[]): Promise<boolean> {
    const outcomes = await Promise.allSettled(queues.map((queue) => this.assigned.acquire(queue)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      const { topic, brokerName, queueId } = queues[index] ?? { topic: '', brokerName: '', queueId: -1 };
      this.host.instance.logger.warn(
        `no first offset of ${topic} ${brokerName} ${queueId} for ${this.host.group}: ${messageOf(outcome.reason)}`,
      );
    }
    return outcomes.every((outcome) => outcome.status === 'fulfilled');
  }

  /**
   * The members that a broker of the topic lists. If this client is not among them, it sends a heartbeat and asks
   * again.
   */
  private async memberIds(topic: string): Promise<string[]> {
    const { instance } = this.host;
    const ids = await this.askForMembers(topic);
    if (ids.includes(instance.clientId)) return ids;
    await instance.heartbeats.sendToAllBrokers();
    return this.askForMembers(topic);
  }

  /** Asks the brokers of the topic, in random order and silent ones last, until one answers. A late one is not waited for. */
  private async askForMembers(topic: string): Promise<string[]> {
    const { instance } = this.host;
    const brokerNames = shuffled(instance.routes.peek(topic)?.brokers.keys() ?? []);
    const isSilent = (brokerName: string): boolean => instance.isSilent(brokerName);
    const inOrder = [...brokerNames.filter((name) => !isSilent(name)), ...brokerNames.filter(isSilent)];
    if (inOrder.length === 0) throw new NoRouteError(topic);
    return firstAnswer(inOrder, {
      ask: (brokerName) => this.askBrokerForMembers(topic, brokerName),
      nextAfterMs: NEXT_AFTER_MS,
      onLate: (brokerName) => instance.suspect(brokerName),
    });
  }

  private async askBrokerForMembers(topic: string, brokerName: string): Promise<string[]> {
    const { instance, group } = this.host;
    const target = instance.routes.readAddress(brokerName);
    if (target === undefined) throw new NoRouteError(topic);
    const request = GetConsumerListByGroup.createRequest({ consumerGroup: group });
    const response = await instance.request(target.address, request);
    if (response.code === ResponseCode.SUCCESS) return consumerListBody.decode(response.body);
    // Code 1: the broker knows no member of the group.
    if (response.code === ResponseCode.SYSTEM_ERROR) return [];
    throw new BrokerRefusedError(response.code, response.remark ?? '', target.address, true);
  }
}

function shuffled(names: Iterable<string>): string[] {
  const left = [...names];
  return left.map((_, index) => {
    const other = index + Math.floor(Math.random() * (left.length - index));
    [left[index], left[other]] = [left[other] ?? '', left[index] ?? ''];
    return left[index] ?? '';
  });
}
