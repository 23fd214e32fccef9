import type { Peer, SerializeType } from '@rocketshop/mq-protocol';
import type { ElapsedClock } from '../broker-clock.js';
import type { BrokerLimits } from '../broker.config.js';
import type { SubscriptionFilter } from '../pull/subscription-filter.js';

/** A pull that found no message. It waits for a message, for its deadline, or for the end of its connection. */
export interface HeldPull {
  readonly peer: Peer;
  readonly opaque: number;
  readonly serializeType: SerializeType;
  readonly group: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly filter: SubscriptionFilter;
  /** By the broker's clock for durations, ms. */
  readonly deadlineMs: number;
}

/** How late the answer to a held pull may be, ms. A client waits some seconds longer than it asks for. */
const DEADLINE_STEP_MS = 50;

/**
 * The held pulls, by topic and queue (RocketMQ `PullRequestHoldService`).
 *
 * HELD -> {matching message | deadline} -> `onWake`, once; {connection closed} -> removed.
 * The messages of one tick wake a pull once. It is executed after the last of them, so it takes all of them.
 */
export class LongPollTable {
  private readonly topics = new Map<string, Map<number, Set<HeldPull>>>();
  private readonly peers = new Map<Peer, Set<HeldPull>>();
  /** Deadline step -> the pulls that are due then: the timer looks at these, not at all held pulls. */
  private readonly deadlines = new Map<number, Set<HeldPull>>();
  private nextStep = 0;
  private cancelTimer: (() => void) | undefined;
  private woken: HeldPull[] = [];
  private held = 0;

  constructor(
    private readonly clock: ElapsedClock,
    private readonly limits: Pick<BrokerLimits, 'heldPullsMax' | 'heldPullsPerPeerMax'>,
    private readonly onWake: (pull: HeldPull) => void,
  ) {}

  get size(): number {
    return this.held;
  }

  /** Returns false when the broker or the connection has its maximum of held pulls. */
  hold(pull: HeldPull): boolean {
    const ofPeer = this.peers.get(pull.peer) ?? new Set();
    if (this.held >= this.limits.heldPullsMax || ofPeer.size >= this.limits.heldPullsPerPeerMax) return false;
    ofPeer.add(pull);
    this.peers.set(pull.peer, ofPeer);
    let queues = this.topics.get(pull.topic);
    if (queues === undefined) this.topics.set(pull.topic, (queues = new Map()));
    let ofQueue = queues.get(pull.queueId);
    if (ofQueue === undefined) queues.set(pull.queueId, (ofQueue = new Set()));
    ofQueue.add(pull);
    const step = stepOf(pull.deadlineMs);
    let due = this.deadlines.get(step);
    if (due === undefined) this.deadlines.set(step, (due = new Set()));
    due.add(pull);
    this.held += 1;
    this.arm();
    return true;
  }

  /** Called for every message that became visible. It must cost nothing when no pull waits. */
  onMessage(topic: string, queueId: number, queueOffset: number, tagsCode: number): void {
    const pulls = this.topics.get(topic)?.get(queueId);
    if (pulls === undefined) return;
    for (const pull of pulls) {
      if (queueOffset < pull.queueOffset || !pull.filter.matches(tagsCode)) continue;
      this.forget(pull);
      this.woken.push(pull);
      if (this.woken.length === 1) process.nextTick(() => this.wakeAll());
    }
  }

  /** Ends the pulls of a deleted topic: at their offsets, no message of a new topic of that name would wake them. */
  topicDeleted(topic: string): void {
    for (const pulls of this.topics.get(topic)?.values() ?? []) for (const pull of pulls) this.wakeNow(pull);
  }

  dropPeer(peer: Peer): void {
    for (const pull of this.peers.get(peer) ?? []) this.forget(pull);
  }

  /** Executes every held pull at once; each of them finds what there is. */
  close(): void {
    for (const pulls of this.peers.values()) for (const pull of pulls) this.wakeNow(pull);
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private wakeAll(): void {
    const pulls = this.woken;
    this.woken = [];
    for (const pull of pulls) if (!pull.peer.closed) this.onWake(pull);
  }

  private wakeNow(pull: HeldPull): void {
    this.forget(pull);
    if (!pull.peer.closed) this.onWake(pull);
  }

  private arm(): void {
    if (this.cancelTimer !== undefined) return;
    this.nextStep = stepOf(this.clock.now());
    this.cancelTimer = this.clock.after(DEADLINE_STEP_MS, () => this.onTimer());
  }

  private onTimer(): void {
    this.cancelTimer = undefined;
    const now = stepOf(this.clock.now() - DEADLINE_STEP_MS);
    // After a clock jump there may be more steps than pulls: go through the smaller number.
    if (now - this.nextStep > this.deadlines.size) {
      for (const step of this.deadlines.keys()) if (step <= now) this.expire(step);
    } else {
      for (let step = this.nextStep; step <= now; step += 1) this.expire(step);
    }
    const resumeAt = now + 1;
    if (this.held === 0) return;
    this.nextStep = resumeAt;
    this.cancelTimer = this.clock.after(DEADLINE_STEP_MS, () => this.onTimer());
  }

  private expire(step: number): void {
    for (const pull of this.deadlines.get(step) ?? []) this.wakeNow(pull);
  }

  private forget(pull: HeldPull): void {
    const ofPeer = this.peers.get(pull.peer);
    if (ofPeer?.delete(pull) !== true) return;
    if (ofPeer.size === 0) this.peers.delete(pull.peer);
    const queues = this.topics.get(pull.topic);
    const ofQueue = queues?.get(pull.queueId);
    ofQueue?.delete(pull);
    if (ofQueue?.size === 0) queues?.delete(pull.queueId);
    if (queues?.size === 0) this.topics.delete(pull.topic);
    const step = stepOf(pull.deadlineMs);
    const due = this.deadlines.get(step);
    due?.delete(pull);
    if (due?.size === 0) this.deadlines.delete(step);
    this.held -= 1;
  }
}

function stepOf(timeMs: number): number {
  return Math.floor(timeMs / DEADLINE_STEP_MS);
}
