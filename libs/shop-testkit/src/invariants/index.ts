export { checkInvariants } from './invariants.js';
export type { Invariant } from './invariants.js';
export { readShopRecords } from './shop-records.js';
export type { DatabaseUrls, ShopRecords } from './shop-records.js';
