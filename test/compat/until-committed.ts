import type { AdminClient } from '@rocketshop/mq-client';
import { until } from '@rocketshop/shop-testkit';

/** Resolves when the group has committed the offset of every message of the topic. Clients commit every 5 s. */
export async function untilCommitted(admin: AdminClient, group: string, topic: string): Promise<void> {
  await until(
    async () => {
      const { offsets } = await admin.examineConsumeStats(group, topic);
      return offsets.length > 0 && offsets.every((entry) => entry.brokerOffset === entry.consumerOffset);
    },
    { timeoutMs: 20_000, intervalMs: 100, description: `${group} to have committed all of ${topic}` },
  );
}
