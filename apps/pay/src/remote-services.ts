import { RpcClient } from '@rocketshop/service-defaults';

/** The client of the order service has a class of its own, so that Nest can inject it. */
export class OrderRpc extends RpcClient {}
