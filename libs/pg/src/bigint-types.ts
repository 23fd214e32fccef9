import pg from 'pg';
import type { CustomTypesConfig } from 'pg';

const INT8 = 20;

/**
 * Columns of type int8 (amounts, counters, `count(*)`) arrive as BigInt, so that no amount is rounded or compared as text.
 * The types are set per pool and not on the driver, so that another pool of the same process keeps its own.
 */
export const bigintTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? BigInt
      : pg.types.getTypeParser(oid, format)) as CustomTypesConfig['getTypeParser'],
};
