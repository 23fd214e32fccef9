import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was given back. Its key lets a give-back happen once, whatever is delivered how often and to whom. */
@Entity('stock_compensation_log')
export class StockCompensationLogEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid', primaryKeyConstraintName: 'stock_compensation_log_pkey' })
  orderId!: string;

  @PrimaryColumn({ name: 'goods_id', type: 'text', primaryKeyConstraintName: 'stock_compensation_log_pkey' })
  goodsId!: string;

  @Column({ type: 'integer' })
  quantity!: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
