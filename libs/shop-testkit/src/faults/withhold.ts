import type { ServiceName } from '../shop/programs.js';

/** Runs SQL in the database of a service. */
interface ServiceRows {
  rows(service: ServiceName, sql: string): Promise<unknown>;
}

export interface WithheldMessages {
  /** The relay sends the withheld messages after all. */
  release(): Promise<void>;
}

/** A service writes messages of `topic` to its outbox and its relay never sends them, as if the broker had lost them. */
export async function withhold(shop: ServiceRows, service: ServiceName, topic: string): Promise<WithheldMessages> {
  await shop.rows(
    service,
    `CREATE OR REPLACE FUNCTION withhold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       NEW.sent_at := 'epoch'; RETURN NEW; END $$`,
  );
  await shop.rows(
    service,
    `CREATE TRIGGER withhold BEFORE INSERT ON outbox FOR EACH ROW
     WHEN (NEW.topic = '${topic}') EXECUTE FUNCTION withhold()`,
  );
  return {
    release: async () => {
      await shop.rows(service, 'DROP TRIGGER withhold ON outbox');
      await shop.rows(service, `UPDATE outbox SET sent_at = NULL WHERE sent_at = 'epoch'`);
    },
  };
}
