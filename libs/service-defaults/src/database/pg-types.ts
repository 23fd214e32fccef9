import pg from 'pg';
import type { CustomTypesConfig } from 'pg';

const INT8 = 20;

/**
 * bigint columns (amounts, counters, `count(*)`) arrive as BigInt, so that no amount is ever rounded or compared as text.
 * Set per pool, not on the driver, so that nobody else's pool in this process changes under him.
 */
export const bigintTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? BigInt
      : pg.types.getTypeParser(oid, format)) as CustomTypesConfig['getTypeParser'],
};
