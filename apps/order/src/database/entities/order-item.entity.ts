import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One line of an order, with the name and the price that the goods had when the order was placed. */
@Entity('order_items')
export class OrderItemEntity {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @PrimaryColumn({ name: 'goods_id', type: 'text' })
  goodsId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'int' })
  quantity!: number;

  @Column({ name: 'unit_price', type: 'bigint' })
  /** Minor units of the order's currency. */
  unitPrice!: bigint;
}
