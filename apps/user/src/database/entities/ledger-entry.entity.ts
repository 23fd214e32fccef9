import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One half of a ledger transaction. Entries are only ever added; a trigger refuses a statement whose entries do not sum
 * to zero per transaction and currency.
 */
@Entity('ledger_entries')
@Check('ledger_entries_amount_not_zero', 'amount <> 0')
@Index('ledger_entries_account', ['account'])
export class LedgerEntryEntity {
  @PrimaryColumn({ name: 'transaction_id', type: 'text', primaryKeyConstraintName: 'ledger_entries_pkey' })
  transactionId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'ledger_entries_pkey' })
  account!: string;

  /** Minor units, negative where money left the account. */
  @Column({ type: 'bigint' })
  amount!: bigint;

  @Column({ type: 'text' })
  currency!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
