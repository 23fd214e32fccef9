import { DEMO_CURRENCY, DEMO_GOODS } from '@rocketshop/contracts';

export interface DemoGoods {
  readonly goodsId: string;
  readonly name: string;
  /** Minor units. */
  readonly unitPrice: bigint;
  readonly currency: string;
  readonly quantity: number;
}

/** There are few globes, so that a demo can easily sell all of them. */
export const SEED_GOODS: readonly DemoGoods[] = [
  { goodsId: DEMO_GOODS.teapot, name: 'Teapot', unitPrice: 1250n, currency: DEMO_CURRENCY, quantity: 100 },
  { goodsId: DEMO_GOODS.lantern, name: 'Lantern', unitPrice: 3000n, currency: DEMO_CURRENCY, quantity: 10 },
  { goodsId: DEMO_GOODS.globe, name: 'Globe', unitPrice: 4990n, currency: DEMO_CURRENCY, quantity: 5 },
];
