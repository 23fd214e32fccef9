import { RpcClient } from '@rocketshop/service-defaults';

/** The service that pay asks who owes how much, under a type of its own so that Nest can inject it. */
export class OrderRpc extends RpcClient {}
