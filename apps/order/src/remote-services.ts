import { RpcClient } from '@rocketshop/service-defaults';

/** The services that an order talks to by remote call, each under its own type so that Nest can inject it. */
export class StockRpc extends RpcClient {}
export class CouponRpc extends RpcClient {}
export class UserRpc extends RpcClient {}
export class PayRpc extends RpcClient {}
