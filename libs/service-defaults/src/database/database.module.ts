import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { LOGGER } from '../lifecycle/service-defaults.module.js';
import type { Logger } from '../logging/create-logger.js';
import { Metrics } from '../health/metrics.js';
import { Readiness } from '../health/readiness.js';
import { connectAndMigrate } from './connect.js';
import { dataSourceOptions } from './data-source-options.js';
import type { DatabaseOptions } from './data-source-options.js';
import { Database } from './database.js';
import { observeDatabase } from './observe-database.js';

/**
 * A service's database: connects (and waits for a server that is still starting), migrates under the lock, and provides
 * `DataSource` (TypeORM) and `Database` (transactions, pipelines, batches), both global.
 * Readiness pings the database. Metrics show its connections.
 */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseOptions): DynamicModule {
    let logger: Logger | undefined;
    const onWaiting = (reason: string): void => logger?.warn({ reason }, 'waiting for the database');
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [{ token: LOGGER, optional: true }],
          useFactory: (given?: Logger) => {
            logger = given;
            return { ...dataSourceOptions(options), retryAttempts: 1 };
          },
          dataSourceFactory: () => connectAndMigrate({ ...options, onWaiting }),
        }),
      ],
      providers: [
        {
          provide: Database,
          inject: [DataSource, { token: Readiness, optional: true }, { token: Metrics, optional: true }],
          useFactory: (dataSource: DataSource, readiness?: Readiness, metrics?: Metrics) => {
            const database = new Database(dataSource, options);
            readiness?.add('database', () => database.ping());
            if (metrics) observeDatabase(database, metrics);
            return database;
          },
        },
      ],
      exports: [Database, TypeOrmModule],
    };
  }
}
