import { Check, Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { UserEntity } from './user.entity.js';

/** A buyer's balance: always the sum of the buyer's ledger entries. `version` grows by one with every update of the row. */
@Entity('accounts')
@Check('accounts_balance_not_negative', 'balance >= 0')
export class AccountEntity {
  @PrimaryColumn({ name: 'user_id', type: 'text', primaryKeyConstraintName: 'accounts_pkey' })
  userId!: string;

  @OneToOne(() => UserEntity)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'accounts_user_id_fkey' })
  user!: Relation<UserEntity>;

  @Column({ type: 'text' })
  currency!: string;

  /** Minor units. */
  @Column({ type: 'bigint' })
  balance!: bigint;

  @Column({ type: 'bigint', default: 0 })
  version!: bigint;
}
