import { bind, purgeOlderThan, run } from '@rocketshop/pg';
import type { PgClient } from '@rocketshop/pg';
import type { Pool } from 'pg';

const CLAIM = {
  name: 'idempotency-claim-message',
  text: `INSERT INTO consumed_messages (consumer_group, business_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
};

/**
 * Claims a message in the handler's transaction, so that the claim and its effect commit together.
 * `businessKey` names the fact (an order's id and what happened to it). The message's id does not name it, because a
 * message that is sent again has another id. A claim waits for the open transaction of another claim of the same key.
 * @returns true for the first delivery, false for every other one
 */
export async function claimMessage(client: PgClient, group: string, businessKey: string): Promise<boolean> {
  const { rowCount } = await run(client, bind(CLAIM, [group, businessKey]));
  return rowCount === 1;
}

/** Deletes claims older than `keepMs`, which must be longer than the broker keeps messages. @returns their number */
export function purgeConsumedMessages(pool: Pool, keepMs: number): Promise<number> {
  return purgeOlderThan(pool, { table: 'consumed_messages', ageColumn: 'consumed_at' }, keepMs);
}
