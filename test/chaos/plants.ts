import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '@rocketshop/shop-testkit';
import type { ServiceName, ShopSystemOptions } from '@rocketshop/shop-testkit';

/** A bug that is planted into the compiled code of one service while Node loads it. No product code has a switch for it. */
export interface Plant {
  readonly name: string;
  readonly service: ServiceName;
  /** The end of the path of the compiled file. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** What a violation must say. */
  readonly caught: RegExp;
}

const LOADER = pathToFileURL(join(repositoryRoot, 'test/dist/chaos/plant.register.js')).href;

/** The options with which a shop runs with this bug in it. */
export const planted = ({ service, file, from, to }: Plant): Pick<ShopSystemOptions, 'env' | 'nodeArgs'> => ({
  env: { [service]: { PLANT: JSON.stringify({ file, from, to }) } },
  nodeArgs: { [service]: ['--import', LOADER] },
});

export const PLANTS: readonly Plant[] = [
  {
    name: 'a cancel that does not look whether its order was cancelled before',
    service: 'stock',
    file: 'libs/participant/dist/undo.js',
    from: 'for (const row of isFirst ? deducted.filter(({ compensated }) => !compensated) : []) {',
    to: 'for (const row of deducted) { if (!isFirst) await giveBack(client, row);',
    caught: /^C1/,
  },
  {
    name: 'a second charge that nobody pays back',
    service: 'pay',
    file: 'apps/pay/dist/receive-callback/receive-callback.service.js',
    from: 'return [record, lock, refunding(event, payment)];',
    to: 'return [record, lock];',
    caught: /^C8/,
  },
  {
    name: 'a give-back that writes what it has read before, whatever happened since',
    service: 'stock',
    file: 'apps/stock/dist/database/statements.js',
    from: 'available = available + $2, version = version + 1\n         WHERE goods_id = $1 AND version = $3',
    to: 'available = (SELECT available FROM goods WHERE goods_id = $1) + $2 WHERE goods_id = $1 AND $3 > -1',
    caught: /^C1/,
  },
  {
    name: 'an effect without its row in the log',
    service: 'user',
    file: 'libs/participant/dist/deduct.js',
    from: 'log.claim(orderId, rows),',
    to: '',
    caught: /^C2/,
  },
  {
    name: 'an Idempotency-Key that nobody finds again',
    service: 'order',
    file: 'libs/idempotency/dist/http/idempotency-store.js',
    from: 'SELECT claim.buyer_id, claim.route, claim.key,',
    to: 'SELECT claim.buyer_id, claim.route, claim.key || gen_random_uuid(),',
    caught: /^(C5|TRUTH)/,
  },
];
