import { RpcClient } from '@rocketshop/service-defaults';

/** The client of each remote service has a class of its own, so that Nest can inject it. */
export class StockRpc extends RpcClient {}
export class CouponRpc extends RpcClient {}
export class UserRpc extends RpcClient {}
export class PayRpc extends RpcClient {}
