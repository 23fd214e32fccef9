/**
 * DefaultMQProducer's latencyMax and notAvailableDuration: after a send this slow, its broker is avoided for this time.
 */
const PENALTIES: readonly (readonly [latencyMs: number, avoidMs: number])[] = [
  [15_000, 30_000],
  [5_000, 10_000],
  [3_000, 6_000],
  [1_800, 5_000],
  [550, 2_000],
];
/** A failed send counts as one of this latency. */
const ISOLATION_LATENCY_MS = 10_000;

interface FaultTableOptions {
  /** False: only silent brokers are avoided. @default true */
  countsLatency?: boolean;
  /** The broker is set aside until it answers a probe. */
  isSilent?: (brokerName: string) => boolean;
  now?: () => number;
}

/**
 * Tells which brokers to avoid: those that say nothing, and, for some time, those to which a send was slow or failed.
 * Source: client/latency/MQFaultStrategy.java, LatencyFaultToleranceImpl.java.
 */
export class FaultTable {
  private readonly avoidUntil = new Map<string, number>();
  private readonly countsLatency: boolean;
  private readonly isSilent: (brokerName: string) => boolean;
  private readonly now: () => number;

  constructor({ countsLatency = true, isSilent, now }: FaultTableOptions = {}) {
    this.countsLatency = countsLatency;
    this.isSilent = isSilent ?? (() => false);
    this.now = now ?? (() => performance.now());
  }

  answered(brokerName: string, latencyMs: number): void {
    if (!this.countsLatency) return;
    const penaltyMs = PENALTIES.find(([threshold]) => latencyMs >= threshold)?.[1] ?? 0;
    if (penaltyMs > 0) this.avoidUntil.set(brokerName, this.now() + penaltyMs);
    else if (this.avoidUntil.size > 0) this.avoidUntil.delete(brokerName);
  }

  failed(brokerName: string): void {
    this.answered(brokerName, ISOLATION_LATENCY_MS);
  }

  available(brokerName: string): boolean {
    const until = this.avoidUntil.get(brokerName);
    return (until === undefined || this.now() >= until) && !this.isSilent(brokerName);
  }

  /** The time from which the broker is available again; Infinity for a silent one. */
  availableAt(brokerName: string): number {
    if (this.isSilent(brokerName)) return Infinity;
    return this.avoidUntil.get(brokerName) ?? 0;
  }
}
