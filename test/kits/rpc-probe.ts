import { Controller, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { createLogger, createService, RpcClient, Secret } from '@rocketshop/service-defaults';
import type { KeyedSecret, Service } from '@rocketshop/service-defaults';
import { createGate } from '@rocketshop/shop-testkit';
import type { Gate } from '@rocketshop/shop-testkit';
import { z } from 'zod';

const answer = z.object({ ok: z.literal(true), by: z.string() });
const call = z.object({ orderId: z.string() });
/** It takes something, as a deduct does. */
export const take = { pattern: 'probe.take', call, answer };
/** It only asks. */
export const ask = { pattern: 'probe.ask', call, answer, isRead: true };

export const secretOf = (id: string): KeyedSecret => ({
  id,
  secret: new Secret(`${id}-secret-of-the-story-${'x'.repeat(32)}`),
});

/** A replica of a service with two commands. `heldBy` holds the answers to orders of that id. */
export interface ProbeReplica {
  readonly service: Service;
  readonly port: number;
  /** The ids of the orders that its handlers have seen. */
  readonly seen: string[];
  readonly gate: Gate;
}

export async function startReplica(
  name: string,
  options: { readonly port?: number; readonly secrets?: readonly KeyedSecret[] } = {},
): Promise<ProbeReplica> {
  const seen: string[] = [];
  const gate = createGate();

  @Controller()
  class ProbeController {
    @MessagePattern(take.pattern)
    async take(@Payload() { orderId }: z.infer<typeof call>): Promise<unknown> {
      seen.push(orderId);
      if (orderId === 'hold') await gate.opened;
      return { ok: true, by: name };
    }

    @MessagePattern(ask.pattern)
    ask(@Payload() { orderId }: z.infer<typeof call>): unknown {
      seen.push(orderId);
      return { ok: true, by: name };
    }
  }

  @Module({ controllers: [ProbeController] })
  class ProbeModule {}

  const service = await createService({
    name: 'probe',
    config: {
      httpPort: 0,
      internalPort: 0,
      rpcPort: options.port ?? 0,
      bindAddress: '127.0.0.1',
      ...(options.secrets ? { serviceSecrets: options.secrets } : {}),
    },
    module: ProbeModule,
    logger: createLogger({ name: 'probe', level: 'fatal' }),
  });
  return { service, port: service.rpcPort ?? 0, seen, gate };
}

/** A caller that is closed with the others by {@link closeCallers}. */
export function callerOf(ports: readonly number[], secrets?: readonly KeyedSecret[], host = '127.0.0.1'): RpcClient {
  const client = new RpcClient(
    'probe',
    ports.map((port) => ({ host, port })),
    { name: 'story', secrets },
  );
  callers.push(client);
  return client;
}

const callers: RpcClient[] = [];
export const closeCallers = (): void => {
  for (const client of callers.splice(0)) client.close();
};
