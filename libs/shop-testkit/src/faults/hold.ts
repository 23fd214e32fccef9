import { createGate, until } from '../wait/until.js';
import type { FaultProxy, Verdict } from './fault-proxy.js';

export interface HeldFlow<T> {
  readonly orderId: string;
  /** What the buyer is answered. It settles only after `goOn`, or when the flow gives up. */
  readonly answer: Promise<T>;
  /** Lets the request through to stock. */
  readonly goOn: () => Promise<T>;
}

/** Stops the order flow that `placing` starts between pre-order and deduct: the proxy holds the request to stock. */
export async function holdBeforeDeduct<T>(
  { rpcProxies }: { readonly rpcProxies: { readonly stock: FaultProxy } },
  placing: () => Promise<T>,
): Promise<HeldFlow<T>> {
  const gate = createGate();
  let orderId = '';
  rpcProxies.stock.use(async ({ direction, bytes }): Promise<Verdict> => {
    const [, id] = /deduct-stock.*"orderId":"([0-9a-f-]{36})"/.exec(bytes.toString()) ?? [];
    if (direction === 'answer' || !id) return 'pass';
    orderId = id;
    await gate.opened;
    return 'pass';
  });
  const answer = placing();
  await until(() => orderId !== '', { description: 'the flow to reach its deduct' });
  return {
    orderId,
    answer,
    goOn: () => {
      gate.open();
      return answer;
    },
  };
}

export interface HeldAnswers {
  /** Resolves when the proxy holds the answers of `count` connections. */
  readonly reached: (count?: number) => Promise<void>;
  readonly release: () => void;
}

/** Holds the answers that come through `proxy`: the server has done its work, and the caller does not know it yet. */
export function holdAnswers(proxy: FaultProxy): HeldAnswers {
  const gate = createGate();
  const held = new Set<number>();
  proxy.use(async ({ direction, connection }): Promise<Verdict> => {
    if (direction === 'request') return 'pass';
    held.add(connection);
    await gate.opened;
    return 'pass';
  });
  return {
    reached: async (count = 1) => {
      await until(() => held.size >= count, { description: `${count} answer(s) to be held` });
    },
    release: () => gate.open(),
  };
}
