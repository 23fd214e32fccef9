import type { Pool } from 'pg';
import type { Metrics } from '../health/metrics.js';
import type { Database } from './database.js';

/*
 * pool    requests   reads by repositories, transactions, pipelines
 *         shared     transactions and reads that requests share
 *         alone      requests of a shared transaction that failed, or that wait for a lock
 */
type PoolName = 'requests' | 'shared' | 'alone';

/** Shows the connections of a database, who waits for one, who waits for a lock, and how many requests share a transaction. */
export function observeDatabase(database: Database, metrics: Metrics): void {
  const { batchPools, pool, lockTurns } = database;
  const pools: Readonly<Record<PoolName, Pool>> = {
    requests: pool,
    shared: batchPools.shared,
    alone: batchPools.alone,
  };
  observePools(pools, metrics);
  metrics.gauge({
    name: 'database_lock_waiters',
    help: 'Transactions that wait for a row that somebody has locked, by pool: requests, alone',
    labelNames: ['pool'],
    collect() {
      this.set({ pool: 'requests' }, lockTurns.waiterCount);
      this.set({ pool: 'alone' }, batchPools.turns.waiterCount);
    },
  });
  observeBatches(database, metrics);
}

function observePools(pools: Readonly<Record<PoolName, Pool>>, metrics: Metrics): void {
  metrics.gauge({
    name: 'database_connections',
    help: 'Connections to the database, by pool (requests, shared, alone) and state (busy, idle)',
    labelNames: ['pool', 'state'],
    collect() {
      for (const [name, { totalCount, idleCount }] of Object.entries(pools)) {
        this.set({ pool: name, state: 'busy' }, totalCount - idleCount);
        this.set({ pool: name, state: 'idle' }, idleCount);
      }
    },
  });
  metrics.gauge({
    name: 'database_connections_max',
    help: 'Connections that a pool may open: requests (DATABASE_POOL_MAX), shared, alone',
    labelNames: ['pool'],
    collect() {
      for (const [name, { options }] of Object.entries(pools)) this.set({ pool: name }, options.max);
    },
  });
  metrics.gauge({
    name: 'database_connection_waiters',
    help: 'Requests that wait for a connection, since all of their pool are busy',
    labelNames: ['pool'],
    collect() {
      for (const [name, { waitingCount }] of Object.entries(pools)) this.set({ pool: name }, waitingCount);
    },
  });
}

function observeBatches({ batchers }: Database, metrics: Metrics): void {
  const counter = (name: string, help: string, of: 'requests' | 'batches' | 'alone'): void => {
    let seen = 0;
    metrics.counter({
      name,
      help,
      collect() {
        const now = batchers.reduce((total, { counts }) => total + counts[of], 0);
        this.inc(now - seen);
        seen = now;
      },
    });
  };
  counter('database_batches_total', 'Transactions and reads that requests have shared', 'batches');
  counter('database_batch_requests_total', 'Requests in them', 'requests');
  counter('database_batch_alone_total', 'Requests that left a shared transaction and went alone', 'alone');
}
