import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newOrderId, PARTICIPANT_NAMES, Participants } from '@rocketshop/shop-testkit/in-process';
import type { Participant, ParticipantName } from '@rocketshop/shop-testkit/in-process';

/**
 * Every log table and the key that makes an effect happen once. Without the key, duplicates would pass and no other test would
 * fail, so this test checks the key itself.
 */
const LOG_KEYS: Record<ParticipantName, Record<string, string[]>> = {
  stock: {
    stock_success_log: ['order_id', 'goods_id'],
    stock_compensation_log: ['order_id', 'goods_id', 'kind'],
  },
  coupon: { coupon_success_log: ['order_id'], coupon_compensation_log: ['order_id', 'kind'] },
  user: { balance_success_log: ['order_id'], balance_compensation_log: ['order_id', 'kind'] },
};

let participants: Participants;
beforeAll(async () => {
  participants = await Participants.start();
}, 60_000);
afterEach(() => participants.closeAll());
afterAll(() => participants.stop());

/** The log tables of the migrated schema, with the columns of their primary keys. */
async function primaryKeys({ database }: Participant, like: string): Promise<Record<string, string[]>> {
  const { rows } = await database.pool.query<{ table: string; columns: string[] }>(
    `SELECT tables.table_name AS table,
            array_remove(array_agg(usage.column_name::text ORDER BY usage.ordinal_position), NULL) AS columns
     FROM information_schema.tables
     LEFT JOIN information_schema.table_constraints keys
       ON keys.table_name = tables.table_name AND keys.constraint_type = 'PRIMARY KEY'
     LEFT JOIN information_schema.key_column_usage usage ON usage.constraint_name = keys.constraint_name
     WHERE tables.table_schema = 'public' AND tables.table_name LIKE $1
     GROUP BY tables.table_name`,
    [like],
  );
  return Object.fromEntries(rows.map((row) => [row.table, row.columns]));
}

describe.each(PARTICIPANT_NAMES)('the migrated database of %s', (name) => {
  it('has its key on every log table', async () => {
    const participant = await participants.open(name);
    expect(await primaryKeys(participant, '%\\_log')).toEqual(LOG_KEYS[name]);
  });

  it('has a key that lets one delivery of a message win', async () => {
    const participant = await participants.open(name);
    const keys = await primaryKeys(participant, 'consumed_messages');
    expect(keys).toEqual({ consumed_messages: ['consumer_group', 'business_key'] });
  });

  it('refuses a second row under the same key', async () => {
    const participant = await participants.open(name);
    const order = newOrderId();
    await participant.deduct(order);
    await participant.cancel(order);
    for (const table of Object.keys(LOG_KEYS[name])) {
      const again = `INSERT INTO ${table} SELECT * FROM ${table} WHERE order_id = $1`;
      await expect(participant.database.pool.query(again, [order])).rejects.toMatchObject({ code: '23505' });
    }
  });

  it('is described by its entities to the last column', async () => {
    const { database } = await participants.open(name);
    const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log();
    const known = upQueries.map(({ query }) => query).filter((query) => !/consumed_messages|outbox/.test(query));
    expect(known).toEqual([]);
  });

  it('can be taken down and put up again', async () => {
    const { database } = await participants.open(name);
    await database.dataSource.undoLastMigration();
    expect(await database.dataSource.showMigrations()).toBe(true);
    await database.dataSource.runMigrations();
    expect(await database.dataSource.showMigrations()).toBe(false);
  });
});
