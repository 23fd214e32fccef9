import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { AnswerOf, resetStockDemo } from '@rocketshop/contracts';
import type { Deadline } from '@rocketshop/pg';
import { Database } from '@rocketshop/service-defaults';
import type { StockConfig } from '../stock.config.js';
import { STOCK_CONFIG } from '../stock.tokens.js';
import { SEED_GOODS } from './demo-goods.js';
import type { DemoGoods } from './demo-goods.js';

const INSERT = `INSERT INTO goods (goods_id, name, unit_price, currency, initial_quantity, available)
                VALUES ($1, $2, $3, $4, $5, $5)`;

/** Demo data. The first start with DEMO_DATA inserts it, and one call resets it. */
@Injectable()
export class ResetDemoService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    @Inject(STOCK_CONFIG) private readonly config: Pick<StockConfig, 'demoData'>,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.config.demoData) await this.seed();
  }

  /** Goods that exist already are not changed, since a restart must not reset them. */
  async seed(): Promise<void> {
    for (const goods of SEED_GOODS) {
      await this.database.pool.query(`${INSERT} ON CONFLICT DO NOTHING`, valuesOf(goods));
    }
  }

  /**
   * Deletes the logs and resets the goods. The log is locked first, since an order that deducts in between would get its goods
   * back and keep its row in the log.
   */
  async reset(options: Deadline = {}): Promise<AnswerOf<typeof resetStockDemo>> {
    if (!this.config.demoData) return { ok: false, code: 'DEMO_DATA_OFF', detail: 'stock runs without DEMO_DATA' };
    await this.database.transaction(async (client) => {
      await client.query('LOCK TABLE stock_success_log IN EXCLUSIVE MODE');
      await client.query('DELETE FROM stock_success_log');
      await client.query('DELETE FROM stock_compensation_log');
      await client.query('DELETE FROM consumed_messages');
      for (const goods of SEED_GOODS) {
        await client.query(
          `${INSERT} ON CONFLICT (goods_id) DO UPDATE
           SET name = excluded.name, unit_price = excluded.unit_price, currency = excluded.currency,
               initial_quantity = excluded.initial_quantity, available = excluded.available, version = goods.version + 1`,
          valuesOf(goods),
        );
      }
    }, options);
    return { ok: true };
  }
}

const valuesOf = ({ goodsId, name, unitPrice, currency, quantity }: DemoGoods) => [
  goodsId,
  name,
  unitPrice,
  currency,
  quantity,
];
