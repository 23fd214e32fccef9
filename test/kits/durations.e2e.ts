import { loadCouponConfig } from '@rocketshop/coupon';
import { loadOrderConfig } from '@rocketshop/order';
import { loadPayConfig } from '@rocketshop/pay';
import { loadPayProviderConfig } from '@rocketshop/pay-provider';
import { ConfigurationError } from '@rocketshop/service-defaults';
import { loadStockConfig } from '@rocketshop/stock';
import { loadUserConfig } from '@rocketshop/user';
import { expect, it } from '@jest/globals';

const LOADERS = {
  order: loadOrderConfig,
  stock: loadStockConfig,
  coupon: loadCouponConfig,
  user: loadUserConfig,
  pay: loadPayConfig,
  'pay-provider': loadPayProviderConfig,
};

/** What every service needs, whatever it is. */
const REQUIRED = {
  DEMO_DATA: 'true',
  DATABASE_URL: 'postgres://shop@127.0.0.1/shop',
  TOKEN_SECRET: 'a token secret of the test with 32 characters',
  SERVICE_SECRETS: 'test:a service secret of the test with 32 characters',
  CALLBACK_SECRETS: 'a callback secret of the test',
  MERCHANT_KEY: 'a merchant key of the test',
};

function problemsOf(load: (environment: NodeJS.ProcessEnv) => object, environment: NodeJS.ProcessEnv): string[] {
  try {
    load({ ...REQUIRED, ...environment });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return [...error.problems];
    throw error;
  }
}

const variableOf = (field: string): string => field.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();

it.each(Object.entries(LOADERS))('%s names every duration that no timer can wait for, all at once', (_name, load) => {
  const variables = Object.entries(load(REQUIRED))
    .filter(([field, value]) => field.endsWith('Ms') && typeof value === 'number')
    .map(([field]) => variableOf(field));
  const tooLong = Object.fromEntries(variables.map((variable) => [variable, '2147483648']));
  const problems = problemsOf(load, tooLong).join('\n');
  expect(variables).toContain('DRAIN_MS');
  for (const variable of variables) expect(problems).toContain(variable);
});

it('order refuses limits that contradict each other', () => {
  const problems = problemsOf(loadOrderConfig, { FLOW_TIMEOUT_MS: '1000', ABANDON_TIMEOUT_MS: '900' });
  expect(problems.map((problem) => problem.split('=')[0])).toEqual(['FLOW_TIMEOUT_MS', 'ABANDON_TIMEOUT_MS']);
});

it('pay refuses limits that contradict each other', () => {
  const problems = problemsOf(loadPayConfig, {
    CHARGE_INTERVAL_MS: '6000',
    CHARGE_FIRST_POLL_MS: '5000',
    CHARGE_LONGEST_POLL_MS: '4999',
  });
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'CHARGE_LONGEST_POLL_MS=4999 must be at least CHARGE_FIRST_POLL_MS=5000',
    'CHARGE_FIRST_POLL_MS=5000 must be at least CHARGE_INTERVAL_MS=6000',
  ]);
});

it.each([
  ['pay', loadPayConfig],
  ['pay-provider', loadPayProviderConfig],
])('%s refuses a merchant key that no header can carry, and does not print it', (_name, load) => {
  expect(problemsOf(load, { MERCHANT_KEY: 'schlüssel-des-händlers' })).toEqual([
    expect.stringMatching(/^MERCHANT_KEY must be printable ASCII, because it travels in a header \([^ü]*$/),
  ]);
});
