import type { SpawnedService } from '@rocketshop/shop-testkit';

/** The port that a broker process has chosen, by its line that says that it is ready. */
export function portOf(broker: SpawnedService): number {
  const line = broker.lines.find((text) => text.includes('is ready on')) ?? '';
  return Number(/is ready on \S+:(\d+)/.exec(line)?.[1]);
}
