import { SERVICES, untilServing } from '@rocketshop/shop-testkit';

/** This is the time for the start of the containers: the images are built before. */
const LIMIT_MS = 120_000;

const PORTS: Readonly<Record<string, number>> = {
  order: 3001,
  stock: 3002,
  coupon: 3003,
  user: 3004,
  pay: 3005,
  'pay-provider': 3010,
};

// A service answers only when its database is there, so this asks the services only. Their internal ports are not published.
const results = await Promise.allSettled(
  [...SERVICES, 'pay-provider'].map(async (name) => {
    await untilServing(`http://127.0.0.1:${PORTS[name]}`, LIMIT_MS);
    console.log(`ready: ${name} http://127.0.0.1:${PORTS[name]}`);
  }),
);
const failed = results.filter((result) => result.status === 'rejected');
for (const { reason } of failed) console.error(reason instanceof Error ? reason.message : String(reason));
process.exitCode = failed.length === 0 ? 0 : 1;
