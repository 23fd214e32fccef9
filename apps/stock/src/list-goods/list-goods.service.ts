import { Injectable } from '@nestjs/common';
import { Database } from '@rocketshop/service-defaults';
import { GoodsEntity } from '../database/entities/goods.entity.js';
import type { GoodsList } from './list-goods.dto.js';

@Injectable()
export class ListGoodsService {
  constructor(private readonly database: Database) {}

  async list(): Promise<GoodsList> {
    const rows = await this.database.dataSource.getRepository(GoodsEntity).find({ order: { goodsId: 'ASC' } });
    return rows.map(({ goodsId, name, unitPrice, currency, available }) => ({
      goodsId,
      name,
      unitPrice: unitPrice.toString(),
      currency,
      available,
    }));
  }
}
