import { columnsOf } from '@rocketshop/service-defaults';
import { GoodsEntity } from './entities/goods.entity.js';

/*
 * The hot statements. A deduction and what undoes it stand side by side. A columnar statement is executed once for many
 * orders; it names its keys by `= ANY ($1)` beside the join, so that every plan goes by the key (libs/pg/README.md, "Plans").
 */

/**
 * Takes all lines of all orders, or refuses. The rows are locked in sorted order first: a bare UPDATE ... FROM locks them in
 * the order of its join, and two transactions could deadlock. PostgreSQL checks the condition again on the newest version of a
 * row that another transaction held, so nothing is sold twice. A row changes once for all lines that want it, and its version
 * counts each of them.
 */
export const TAKE_GOODS = {
  name: 'take-goods',
  columnar: true,
  text: `WITH wanted AS MATERIALIZED (
           SELECT goods.goods_id, asked.quantity, asked.lines
           FROM goods JOIN (SELECT goods_id, sum(quantity) AS quantity, count(*) AS lines
                              FROM unnest($1::text[], $2::integer[]) AS line (goods_id, quantity)
                             GROUP BY goods_id) AS asked USING (goods_id)
           WHERE goods_id = ANY ($1)
           ORDER BY goods.goods_id
           FOR UPDATE OF goods
         ), taken AS (
           UPDATE goods
           SET available = goods.available - wanted.quantity, version = goods.version + wanted.lines
           FROM wanted
           WHERE goods.goods_id = wanted.goods_id AND goods.goods_id = ANY ($1) AND goods.available >= wanted.quantity
           RETURNING wanted.lines
         )
         SELECT refuse_unless(coalesce(sum(lines), 0) = cardinality($1::text[]), 'NOT_ENOUGH') FROM taken`,
} as const;

export const READ_VERSION = {
  name: 'read-version',
  text: 'SELECT version FROM goods WHERE goods_id = $1',
};

/** Compare and swap: changes no row when another transaction has changed the row since its version was read. */
export const GIVE_BACK_GOODS = {
  name: 'give-back-goods',
  text: `UPDATE goods SET available = available + $2, version = version + 1
         WHERE goods_id = $1 AND version = $3`,
};

/** Goods with their prices, without a lock: a quote promises nothing. */
export const READ_GOODS = {
  name: 'read-goods',
  columnar: true,
  text: `SELECT wanted.line::int AS line, ${columnsOf(GoodsEntity)}
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (goods_id, line) JOIN goods USING (goods_id)
         WHERE goods_id = ANY ($1)`,
} as const;
