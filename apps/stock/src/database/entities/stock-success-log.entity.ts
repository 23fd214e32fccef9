import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one key that a deduct and the fence of a cancel compete for. Lives as long as the order. */
@Entity('stock_success_log')
@Check('stock_success_log_outcome', `outcome IN ('DEDUCTED', 'FENCED')`)
export class StockSuccessLogEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid', primaryKeyConstraintName: 'stock_success_log_pkey' })
  orderId!: string;

  @PrimaryColumn({ name: 'goods_id', type: 'text', primaryKeyConstraintName: 'stock_success_log_pkey' })
  goodsId!: string;

  /** How many were deducted; 0 where the cancel was first. */
  @Column({ type: 'integer' })
  quantity!: number;

  @Column({ type: 'text' })
  outcome!: 'DEDUCTED' | 'FENCED';

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
