import { Injectable } from '@nestjs/common';
import { bind } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import { createHash } from 'node:crypto';
import type { Unreadable } from './read-callback.js';

/** Enough to see what is wrong. A callback as agreed has about 500 bytes. */
const KEPT_BYTES_MAX = 16 * 1024;
/** A provider that sends nonsense must not fill the database. Further bytes are counted in the metric only. */
const KEPT_ROWS_MAX = 10_000;
const KEPT_DAYS = 30;

const KEEP = {
  name: 'keep-rejected-callback',
  text: `WITH expired AS (
           DELETE FROM rejected_callbacks WHERE repeated_at < now() - interval '${KEPT_DAYS} days')
         INSERT INTO rejected_callbacks (digest, reason, bytes, raw)
         SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM rejected_callbacks) < ${KEPT_ROWS_MAX}
         ON CONFLICT (digest) DO UPDATE SET deliveries = rejected_callbacks.deliveries + 1, repeated_at = now()`,
};

/** Genuine callbacks that cannot be read. Their bytes are kept as they came, since they are no text that a column could hold. */
@Injectable()
export class RejectedCallbacks {
  constructor(private readonly database: Database) {}

  /** Keeps the bytes for people. The same bytes again are counted. */
  async keep(rawBody: Buffer, reason: Unreadable): Promise<void> {
    const digest = createHash('sha256').update(rawBody).digest();
    const values = [digest, reason, rawBody.length, rawBody.subarray(0, KEPT_BYTES_MAX)];
    await this.database.pipeline([bind(KEEP, values)]);
  }
}
