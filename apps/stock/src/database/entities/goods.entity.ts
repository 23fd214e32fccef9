import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * One kind of goods. `initialQuantity` never changes after seeding: initial = available + deducted - given back is the
 * invariant that any reader may check. `version` grows by one with every update of the row.
 */
@Entity('goods')
@Check('goods_unit_price_not_negative', 'unit_price >= 0')
@Check('goods_initial_quantity_not_negative', 'initial_quantity >= 0')
@Check('goods_available_not_negative', 'available >= 0')
export class GoodsEntity {
  @PrimaryColumn({ name: 'goods_id', type: 'text', primaryKeyConstraintName: 'goods_pkey' })
  goodsId!: string;

  @Column({ type: 'text' })
  name!: string;

  /** Minor units. */
  @Column({ name: 'unit_price', type: 'bigint' })
  unitPrice!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ name: 'initial_quantity', type: 'integer' })
  initialQuantity!: number;

  @Column({ type: 'integer' })
  available!: number;

  @Column({ type: 'bigint', default: 0 })
  version!: bigint;
}
