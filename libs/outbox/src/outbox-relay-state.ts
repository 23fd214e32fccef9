export interface OutboxRelayState {
  readonly shards: number;
  readonly relays: number;
  readonly inFlight: number;
  readonly failingKeys: number;
  readonly sentTotal: number;
  readonly failedTotal: number;
  /** How often this relay lost its shards to others, because it was too slow to renew its term. */
  readonly leasesLostTotal: number;
}
