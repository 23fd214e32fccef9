import { get } from 'node:http';
import { until } from './until.js';

/** Resolves when a program says at its internal `url` that it is ready. */
export async function untilReady(url: string, timeoutMs = 20_000): Promise<void> {
  await until(() => answersOk(`${url}/health/ready`), { timeoutMs, description: `${url} to be ready` });
}

/**
 * Resolves when a service answers at its public `url`, for who cannot reach the internal port. A service listens there when its
 * database has answered and has its tables.
 */
export async function untilServing(url: string, timeoutMs = 20_000): Promise<void> {
  await until(() => answersOk(`${url}/health/live`), { timeoutMs, description: `${url} to answer` });
}

/**
 * Uses `node:http`, since `fetch` of Node 20 can fail to settle. A port that a container publishes accepts a connection before
 * the program behind it listens, and then closes it. The fetch never settles, and a program that waits for nothing else ends.
 */
function answersOk(url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy(new Error(`${url} did not answer in 2000 ms`)));
    asked.on('error', reject);
  });
}
