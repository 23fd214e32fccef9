import { get } from 'node:http';
import { until } from './until.js';

/** Resolves when `url` answers its readiness check with 200. */
export async function untilReady(url: string, timeoutMs = 20_000): Promise<void> {
  await until(() => answersOk(`${url}/health/ready`), { timeoutMs, description: `${url} to be ready` });
}

/**
 * By `node:http` and not by `fetch`: a port that containers publish accepts before anybody listens behind it, and hangs up. A
 * fetch of Node 20 then never settles, and a program that waits for nothing else ends in the middle.
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
