/** Tells relays that a shard became free, or that there is one relay more. */
export const LEASE_CHANNEL = 'outbox_leases';

/*
 * Whether a relay may send: its term is not over, and its session is there. PostgreSQL ends the session of a process that died,
 * at once, and keeps the session of one that is frozen or cut off; there the term decides. A backend of another user hides when
 * it started, so its pid must do.
 */
const IS_LIVE = `clock_timestamp() BETWEEN relay.renewed_at AND relay.expires_at
  AND EXISTS (SELECT FROM pg_stat_get_activity(relay.backend_pid) AS backend
    WHERE coalesce(backend.backend_start = relay.backend_start, true))`;

const TERM_END = `clock_timestamp() + $1::float8 * interval '1 millisecond'`;

/*
 * No statement here waits for a row that somebody has locked: SKIP LOCKED leaves it out, and the next look tries it again.
 */

/** Removes the relays that are no more, the caller's last session included. Parameter: that session's id, or null. */
export const FORGET_RELAYS = `DELETE FROM outbox_relays WHERE id IN (
  SELECT id FROM outbox_relays AS relay WHERE relay.id = $1::bigint OR NOT (${IS_LIVE}) FOR UPDATE SKIP LOCKED)`;

/** Parameter: the term in ms. */
export const REGISTER = `INSERT INTO outbox_relays (backend_pid, backend_start, renewed_at, expires_at)
  SELECT pid, backend_start, clock_timestamp(), ${TERM_END} FROM pg_stat_get_activity(pg_backend_pid())
  RETURNING id::text`;

/**
 * Begins a new term, unless the last one is over. The answer tells what the relay holds, so that a relay which was taken for
 * dead finds out. Parameters: the term in ms, the relay.
 */
export const RENEW = {
  name: 'outbox-renew',
  text: `WITH renewed AS (
      UPDATE outbox_relays SET renewed_at = clock_timestamp(), expires_at = ${TERM_END}
      WHERE id = $2::bigint AND clock_timestamp() BETWEEN renewed_at AND expires_at RETURNING id)
    SELECT EXISTS (SELECT FROM renewed) AS renewed,
      ARRAY(SELECT shard::int FROM outbox_leases WHERE holder = $2::bigint) AS shards`,
};

/** How many relays share the shards. */
export const COUNT_RELAYS = {
  name: 'outbox-count-relays',
  text: `SELECT count(*)::int AS relays FROM outbox_relays AS relay WHERE ${IS_LIVE}`,
};

/** Shards that no live relay holds, with their last holder. Parameter: how many. */
export const FREE_SHARDS = {
  name: 'outbox-free-shards',
  text: `SELECT shard, holder::text FROM outbox_leases AS lease
    WHERE NOT EXISTS (SELECT FROM outbox_relays AS relay WHERE relay.id = lease.holder AND ${IS_LIVE})
    ORDER BY shard LIMIT $1`,
};

/**
 * Takes shards from the holders that FREE_SHARDS has named. Where another relay was faster, the holder has changed. Parameters:
 * the relay, the shards, their holders.
 */
export const TAKE_SHARDS = {
  name: 'outbox-take-shards',
  text: `WITH free AS (
      SELECT lease.shard FROM outbox_leases AS lease
      JOIN unnest($2::smallint[], $3::bigint[]) AS seen (shard, holder)
        ON lease.shard = seen.shard AND lease.holder IS NOT DISTINCT FROM seen.holder
      ORDER BY lease.shard FOR UPDATE OF lease SKIP LOCKED)
    UPDATE outbox_leases AS lease SET holder = $1::bigint FROM free WHERE lease.shard = free.shard RETURNING lease.shard`,
};

/** Parameters: the relay, the shards. */
export const GIVE_SHARDS = {
  name: 'outbox-give-shards',
  text: `UPDATE outbox_leases SET holder = NULL WHERE shard IN (
      SELECT shard FROM outbox_leases WHERE holder = $1::bigint AND shard = ANY($2::smallint[]) FOR UPDATE SKIP LOCKED)
    RETURNING shard`,
};

/** All shards of the relay are free after it. Parameter: the relay. */
export const LEAVE = `DELETE FROM outbox_relays WHERE id IN (
  SELECT id FROM outbox_relays WHERE id = $1::bigint FOR UPDATE SKIP LOCKED)`;

/** For metrics: shards that nobody works on. */
export const COUNT_FREE_SHARDS = `SELECT count(*)::int AS free FROM outbox_leases AS lease
  WHERE NOT EXISTS (SELECT FROM outbox_relays AS relay WHERE relay.id = lease.holder AND ${IS_LIVE})`;
