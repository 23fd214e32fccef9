import type { Provider } from '@nestjs/common';
import type { HostPort } from '../config/fields.js';
import type { RpcClient, RpcClientOptions } from './rpc-client.js';

/** Injection token of what all RPC clients of a service share: its name, its secrets, its metrics. */
export const RPC_CLIENT_OPTIONS = Symbol('RPC_CLIENT_OPTIONS');

type ClientClass<T> = new (service: string, addresses: readonly HostPort[], options: RpcClientOptions) => T;

/** The client of a remote service as a provider. Each remote service has a class of its own, so that Nest can inject it. */
export const provideRpcClient = <T extends RpcClient>(
  type: ClientClass<T>,
  service: string,
  addresses: readonly HostPort[],
): Provider => ({
  provide: type,
  inject: [RPC_CLIENT_OPTIONS],
  useFactory: (options: RpcClientOptions) => new type(service, addresses, options),
});
