import type { SerializeType } from '@rocketshop/mq-protocol';
import type { LatencySummary } from '../measure/histogram.js';

/** The broker that gets the load: its port and its process. */
export interface Target {
  readonly port: number;
  readonly pid: number;
}

/** A closed loop for a fixed time: each answer lets the next request go. */
export interface SendLoad {
  readonly kind: 'send';
  readonly topic: string;
  readonly connections: number;
  readonly inFlightPerConnection: number;
  readonly bodyBytes: number;
  readonly header: SerializeType;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** A closed loop for a fixed number of messages, `messages / QUEUES` in each queue. It fills a topic for a pull load. */
export interface FillLoad {
  readonly kind: 'fill';
  readonly topic: string;
  readonly messages: number;
  readonly bodyBytes: number;
}

/** Reads a filled topic from its beginning and checks it: all queues at once, one request in flight for each queue. */
export interface PullLoad {
  readonly kind: 'pull';
  readonly topic: string;
  readonly messages: number;
  readonly connections: number;
  readonly maxMsgNums: number;
}

/** An open loop: messages are sent when they are due, however slow the broker is. A reader gets them by long polling. */
export interface RateLoad {
  readonly kind: 'rate';
  readonly topic: string;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly messagesPerSecond: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** One message. Its answer proves that a broker that has just started stores messages. */
export interface FirstMessage {
  readonly kind: 'first';
  readonly topic: string;
}

export type Load = SendLoad | FillLoad | PullLoad | RateLoad | FirstMessage;

export interface LoadOrder {
  readonly target: Target;
  readonly load: Load;
}

/** The result of one load in its measured time. CPU and memory are NaN (null in the JSON file) on a system without /proc. */
export interface LoadResult {
  readonly messages: number;
  readonly seconds: number;
  /** From request to answer; in the open loop from the time that a message was due to its answer. */
  readonly latency: LatencySummary;
  /** Open loop only: from the time that a message was due until the reader had it. */
  readonly received?: LatencySummary;
  /** Pull only: the number of messages of one connection and queue that were stored in another order than they were sent. */
  readonly outOfOrder?: number;
  /** Requests that were not answered with success. A row with failures is no result. */
  readonly failures: readonly string[];
  /** CPU of the load process as a share of one core. */
  readonly loadCpu: number;
  /** CPU of the broker as a share of one core. */
  readonly brokerCpu: number;
  readonly brokerMicrosPerMessage: number;
  readonly anonymousMiB: number;
}

export type LoadAnswer = { readonly result: LoadResult } | { readonly error: string };

export const QUEUES = 8;
