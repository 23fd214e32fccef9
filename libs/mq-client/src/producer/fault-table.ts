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

/**
 * Tells which brokers to avoid because a send to them was slow or failed. Source: client/latency/MQFaultStrategy.java.
 */
export class FaultTable {
  private readonly avoidUntil = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  answered(brokerName: string, latencyMs: number): void {
    const penaltyMs = PENALTIES.find(([threshold]) => latencyMs >= threshold)?.[1] ?? 0;
    if (penaltyMs > 0) this.avoidUntil.set(brokerName, this.now() + penaltyMs);
    else if (this.avoidUntil.size > 0) this.avoidUntil.delete(brokerName);
  }

  failed(brokerName: string): void {
    this.answered(brokerName, ISOLATION_LATENCY_MS);
  }

  available(brokerName: string): boolean {
    const until = this.avoidUntil.get(brokerName);
    return until === undefined || this.now() >= until;
  }

  /** The time from which the broker is available again. */
  availableAt(brokerName: string): number {
    return this.avoidUntil.get(brokerName) ?? 0;
  }
}
