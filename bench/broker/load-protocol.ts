import type { SerializeType } from '@rocketshop/mq-protocol';
import type { LatencySummary } from '../measure/histogram.js';

/** The broker that is loaded, as its clients see it, and its process. */
export interface Target {
  readonly port: number;
  readonly pid: number;
}

/** A closed loop: each answer is followed by the next request, for a time. */
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

/** A closed loop that ends with a number of messages, `messages / QUEUES` in each queue: what a pull needs. */
export interface FillLoad {
  readonly kind: 'fill';
  readonly topic: string;
  readonly messages: number;
  readonly bodyBytes: number;
}

/** Reads a filled topic from the beginning, all queues at once, one request in flight a queue, and checks it. */
export interface PullLoad {
  readonly kind: 'pull';
  readonly topic: string;
  readonly messages: number;
  readonly connections: number;
  readonly maxMsgNums: number;
}

/** An open loop: messages are sent when they are due, whatever the broker does, and read by long polling. */
export interface RateLoad {
  readonly kind: 'rate';
  readonly topic: string;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly messagesPerSecond: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** One message: with it a broker that was just started has proven that it stores. */
export interface FirstMessage {
  readonly kind: 'first';
  readonly topic: string;
}

export type Load = SendLoad | FillLoad | PullLoad | RateLoad | FirstMessage;

export interface LoadOrder {
  readonly target: Target;
  readonly load: Load;
}

/** What one load did in the time that was measured. CPU and memory are NaN (null in JSON) where there is no /proc. */
export interface LoadResult {
  readonly messages: number;
  readonly seconds: number;
  /** Sending: request to answer; in the open loop, from the time a message was due to its answer. Pull: request to answer. */
  readonly latency: LatencySummary;
  /** In the open loop: from the time a message was due until the reader had it. */
  readonly received?: LatencySummary;
  /** Pull: messages of one connection and queue that were stored in another order than they were sent. */
  readonly outOfOrder?: number;
  /** Requests that were not answered with success; with them the row is no result. */
  readonly failures: readonly string[];
  /** Share of one core. */
  readonly loadCpu: number;
  readonly brokerCpu: number;
  readonly brokerMicrosPerMessage: number;
  readonly anonymousMiB: number;
}

export type LoadAnswer = { readonly result: LoadResult } | { readonly error: string };

export const QUEUES = 8;
