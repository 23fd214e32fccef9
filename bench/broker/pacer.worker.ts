/**
 * Sends a tick every fraction of a millisecond. Timers of an event loop cannot do this, so this thread waits on memory that no
 * thread ever changes. The event loop of the load process sleeps between two ticks and takes no CPU from the broker.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { PacerOptions } from './pacer.js';

const { intervalMs, ticks } = workerData as PacerOptions;
const never = new Int32Array(new SharedArrayBuffer(4));
const startedMs = performance.now();
for (let tick = 1; tick <= ticks; tick += 1) {
  const waitMs = startedMs + tick * intervalMs - performance.now();
  if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
  parentPort?.postMessage(tick);
}
