import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Readiness } from '../health/readiness.js';
import { connectAndMigrate } from './connect.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseOptions } from './data-source-options.js';
import { Database, PG_POOL } from './database.js';

/**
 * A service's database: connects (and waits for a server that is still starting), migrates under the lock, and provides
 * `DataSource` (TypeORM), `Database` (transactions, pipelines, batches) and the pg pool under PG_POOL. All of them are global.
 * Readiness pings the database.
 */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...dataSourceOptions(options), retryAttempts: 1 }),
          dataSourceFactory: () => connectAndMigrate(options),
        }),
      ],
      providers: [
        {
          provide: Database,
          inject: [DataSource, { token: Readiness, optional: true }],
          useFactory: (dataSource: DataSource, readiness?: Readiness) => {
            const database = new Database(dataSource, options);
            readiness?.add('database', () => database.ping());
            return database;
          },
        },
        { provide: PG_POOL, useFactory: (database: Database): Pool => database.pool, inject: [Database] },
      ],
      exports: [Database, PG_POOL, TypeOrmModule],
    };
  }
}
