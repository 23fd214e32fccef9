import { ParticipantLog } from '@rocketshop/participant';

/** What one line of an order took. */
export type StockTaken = { readonly goods_id: string; readonly quantity: number };

/** The tables stock_success_log and stock_compensation_log: one row for each line of an order. */
export const stockLog = new ParticipantLog<StockTaken>({
  name: 'stock',
  item: { goods_id: 'text' },
  taken: { quantity: 'integer' },
  another: 'other goods',
});
