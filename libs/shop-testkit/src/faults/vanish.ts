import { createGate } from '../wait/until.js';
import type { Direction, FaultProxy, Verdict } from './fault-proxy.js';

/**
 * The peer behind `proxy` vanishes: connections stay open, and nothing passes. It is not `drop`, since TCP loses no bytes from the
 * middle of a stream: when the peer is back, they arrive late, or the connection breaks.
 * @returns ends it. `late` sends on what was held; otherwise its connections are reset
 */
export function vanish(proxy: FaultProxy, directions: readonly Direction[]): (end: 'late' | 'reset') => void {
  const over = createGate();
  let verdict: Verdict = 'pass';
  proxy.use(async ({ direction }) => {
    if (!directions.includes(direction)) return 'pass';
    await over.opened;
    return verdict;
  });
  return (end) => {
    if (end === 'reset') verdict = 'cut';
    over.open();
    proxy.heal();
  };
}
