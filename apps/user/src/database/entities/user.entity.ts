import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A buyer. */
@Entity('users')
export class UserEntity {
  @PrimaryColumn({ name: 'user_id', type: 'text', primaryKeyConstraintName: 'users_pkey' })
  userId!: string;

  @Column({ type: 'text' })
  name!: string;
}
