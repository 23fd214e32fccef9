/**
 * Wakes the load process in steps of a fraction of a millisecond, which timers of an event loop cannot do: this thread
 * sleeps on memory nobody writes to. The event loop itself sleeps in between, so that it takes no CPU from the broker.
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
