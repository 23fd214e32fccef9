import * as coupon from '@rocketshop/coupon';
import * as order from '@rocketshop/order';
import * as pay from '@rocketshop/pay';
import type { ServiceOptions } from '@rocketshop/service-defaults';
import * as stock from '@rocketshop/stock';
import * as user from '@rocketshop/user';
import type { ServiceName } from './programs.js';

type Environment = Readonly<Record<string, string>>;
type Loaded = Pick<ServiceOptions, 'config' | 'module'>;

function load<C extends ServiceOptions['config']>(config: C, module: (config: C) => ServiceOptions['module']): Loaded {
  return { config, module: module(config) };
}

/** The module of each service, with the configuration that it loads from the given variables. */
export const MODULES: Readonly<Record<ServiceName, (environment: Environment) => Loaded>> = {
  order: (environment) => load(order.loadOrderConfig(environment), (config) => order.OrderModule.forRoot(config)),
  stock: (environment) => load(stock.loadStockConfig(environment), (config) => stock.StockModule.forRoot(config)),
  coupon: (environment) => load(coupon.loadCouponConfig(environment), (config) => coupon.CouponModule.forRoot(config)),
  user: (environment) => load(user.loadUserConfig(environment), (config) => user.UserModule.forRoot(config)),
  pay: (environment) => load(pay.loadPayConfig(environment), (config) => pay.PayModule.forRoot(config)),
};
