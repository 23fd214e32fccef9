import type { Counter, Gauge } from 'prom-client';
import type { Metrics } from '../health/metrics.js';
import { partialFrames } from './frame-reader.js';

/** How one try of a call ended. `refused` is the remote service's own answer; the caller decides what it means. */
const OUTCOMES = ['ok', 'refused', 'fault', 'timeout', 'broken', 'unavailable', 'dropped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Metrics of the calls to one replica. The labels are the addresses of the configuration. */
export interface ReplicaMetrics {
  ended(outcome: Outcome): void;
  /** A call goes to another replica, since this one is slow or its connection broke. */
  repeated(why: 'slow' | 'broken'): void;
  setAside(isSetAside: boolean): void;
  peerClock(differenceMs: number): void;
}

export const NO_METRICS: ReplicaMetrics = {
  ended: () => undefined,
  repeated: () => undefined,
  setAside: () => undefined,
  peerClock: () => undefined,
};

/** The metrics of all RPC clients of one service. */
export class RpcClientMetrics {
  private readonly tries: Counter<'remote' | 'replica' | 'outcome'>;
  private readonly repeats: Counter<'remote' | 'replica' | 'why'>;
  private readonly aside: Gauge<'remote' | 'replica'>;
  private readonly clock: Gauge<'remote' | 'replica'>;

  constructor(metrics: Metrics) {
    const labelNames = ['remote', 'replica'] as const;
    this.tries = metrics.counter({
      name: 'rpc_client_tries_total',
      help: 'Tries of calls to other services, by replica and outcome. A call that is repeated has several tries.',
      labelNames: [...labelNames, 'outcome'],
    });
    this.repeats = metrics.counter({
      name: 'rpc_client_repeats_total',
      help: 'Calls that went to another replica as well, by the replica that was slow or whose connection broke.',
      labelNames: [...labelNames, 'why'],
    });
    this.aside = metrics.gauge({
      name: 'rpc_client_replica_set_aside',
      help: '1 while a replica gets no calls, since it does not answer or has said that it stops.',
      labelNames,
    });
    this.clock = metrics.gauge({
      name: 'rpc_client_peer_clock_difference_seconds',
      help: 'How far the wall clock of a replica is ahead of ours, as its last greeting or ping told.',
      labelNames,
    });
  }

  of(remote: string, replica: string): ReplicaMetrics {
    // Label sets are looked up once, since a look-up costs more than the count.
    const tries = new Map(OUTCOMES.map((outcome) => [outcome, this.tries.labels({ remote, replica, outcome })]));
    const repeats = {
      slow: this.repeats.labels({ remote, replica, why: 'slow' }),
      broken: this.repeats.labels({ remote, replica, why: 'broken' }),
    };
    const [aside, clock] = [this.aside.labels({ remote, replica }), this.clock.labels({ remote, replica })];
    return {
      ended: (outcome) => tries.get(outcome)?.inc(),
      repeated: (why) => repeats[why].inc(),
      setAside: (isSetAside) => aside.set(isSetAside ? 1 : 0),
      peerClock: (differenceMs) => clock.set(differenceMs / 1_000),
    };
  }
}

/** The metrics of a service's RPC port. */
export class RpcServerMetrics {
  private readonly refusals: Counter<'reason'>;

  /** @param callers counts the connections that are greeted */
  constructor(metrics: Metrics, callers: () => number) {
    this.refusals = metrics.counter({
      name: 'rpc_server_refusals_total',
      help: 'Connections that were closed before any handler saw their bytes, by reason: a wrong or missing MAC, an oversize or late frame.',
      labelNames: ['reason'],
    });
    metrics.gauge({
      name: 'rpc_server_callers',
      help: 'Open connections of other services.',
      collect() {
        this.set(callers());
      },
    });
    metrics.gauge({
      name: 'rpc_partial_frame_bytes',
      help: 'Memory of frames that have not arrived wholly, on all connections of this process.',
      collect() {
        this.set(partialFrames.bytes);
      },
    });
  }

  refused(reason: string): void {
    this.refusals.inc({ reason });
  }
}
