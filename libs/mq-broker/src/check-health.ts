import { connectPeer, createRequest, isAnyAddress, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';

export interface HealthTarget {
  /** As it is bound: 0.0.0.0 and :: are asked on loopback. @default '127.0.0.1' */
  host?: string;
  port: number;
  /** For connecting and for the answer, ms. @default 2000 */
  timeoutMs?: number;
}

/** Resolves when the broker answers a request. Rejects with why it does not. */
export function checkBrokerHealth(target: HealthTarget): Promise<void> {
  return ask(target, RequestCode.GET_BROKER_RUNTIME_INFO);
}

/** Resolves when the name server answers a request. Rejects with why it does not. */
export function checkNameServerHealth(target: HealthTarget): Promise<void> {
  return ask(target, RequestCode.GET_BROKER_CLUSTER_INFO);
}

async function ask({ host = '127.0.0.1', port, timeoutMs = 2_000 }: HealthTarget, code: number): Promise<void> {
  const reachable = isAnyAddress(host) ? '127.0.0.1' : host;
  const peer = await connectPeer({ host: reachable, port, connectTimeoutMs: timeoutMs });
  try {
    const answer = await peer.request(createRequest(code), timeoutMs);
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`answered code ${answer.code}: ${answer.remark ?? ''}`);
  } finally {
    peer.close();
  }
}
