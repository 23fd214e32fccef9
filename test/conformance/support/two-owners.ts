import type { Peer } from '@rocketshop/mq-protocol';
import { send } from './broker-under-test.js';

/** Runs a program with process numbers of its own, as a container does. */
export const ANOTHER_CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;

/** Sends until one is not acknowledged. @returns the bodies of those that are */
export async function sendSome(peer: Peer, name: string, count: number): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const body = `${name} ${index}`;
    const code = await send(peer, 'orders', { body }).then(
      (answer) => answer.code,
      () => -1,
    );
    if (code !== 0) break;
    acknowledged.push(body);
  }
  return acknowledged;
}
