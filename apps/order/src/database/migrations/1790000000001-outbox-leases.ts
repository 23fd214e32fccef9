import { createOutboxLeases, dropOutboxLeases } from '@rocketshop/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OutboxLeases1790000000001 implements MigrationInterface {
  readonly name = 'OutboxLeases1790000000001';

  async up(runner: QueryRunner): Promise<void> {
    await createOutboxLeases(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxLeases(runner);
  }
}
