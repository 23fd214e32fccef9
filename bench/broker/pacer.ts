import { Worker } from 'node:worker_threads';

export interface PacerOptions {
  readonly intervalMs: number;
  readonly ticks: number;
}

/** Calls `onTick` every `intervalMs`, which may be below 1. A late tick does not delay the ticks after it. */
export function pace(options: PacerOptions, onTick: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./pacer.worker.js', import.meta.url), { workerData: options });
    worker.on('message', onTick);
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}
