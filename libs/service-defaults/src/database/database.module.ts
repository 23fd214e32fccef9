import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { Readiness } from '../health/readiness.js';
import { connectAndMigrate } from './connect.js';
import { Database, PG_POOL } from './database.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseOptions } from './data-source-options.js';

/**
 * A service's database: connects (waiting for a server that is still starting), migrates under the lock, and provides
 * `DataSource` (TypeORM), `Database` (transactions) and the pg pool under PG_POOL, all global. Readiness pings it.
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
        { provide: Database, useFactory: openDatabase, inject: [DataSource, { token: Readiness, optional: true }] },
        { provide: PG_POOL, useFactory: (database: Database): Pool => database.pool, inject: [Database] },
      ],
      exports: [Database, PG_POOL, TypeOrmModule],
    };
  }
}

function openDatabase(dataSource: DataSource, readiness: Readiness | undefined): Database {
  const database = new Database(dataSource);
  readiness?.add('database', () => database.ping());
  return database;
}
