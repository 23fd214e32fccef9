import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { repositoryRoot, spawnService, stopSpawnedServices } from '@rocketshop/shop-testkit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

jest.setTimeout(60_000);

afterAll(() => stopSpawnedServices());

/** The demo's secrets, as docker-compose.override.yml has them. */
const DEMO = {
  TOKEN_SECRET: 'demo-only-token-secret-change-me-please',
  SERVICE_SECRETS: 'demo:demo-only-service-secret-change-me-please',
  CALLBACK_SECRETS: 'demo-only-callback-secret-change-me',
  MERCHANT_KEY: 'demo-only-merchant-key-change-me',
  DATABASE_URL: 'postgres://shop_pay:demo-only-pay@127.0.0.1:1/shop_pay',
  HTTP_PORT: '0',
  RPC_PORT: '0',
  INTERNAL_PORT: '0',
};

const failureOf = (program: string, env: Readonly<Record<string, string>>): Promise<string> =>
  spawnService({ program: `apps/${program}/dist/main.js`, env }).then(
    async (service) => {
      await service.stop();
      return 'it started';
    },
    (error: unknown) => String(error),
  );

describe('in a production image', () => {
  it.each([
    ['pay', ['TOKEN_SECRET', 'SERVICE_SECRETS', 'DATABASE_URL', 'CALLBACK_SECRETS', 'MERCHANT_KEY']],
    ['pay-provider', ['CALLBACK_SECRETS', 'MERCHANT_KEY']],
  ])('%s does not start with the secrets of the demo, and names them all', async (program, variables) => {
    const failure = await failureOf(program, { ...DEMO, NODE_ENV: 'production' });
    expect(failure).toContain('ended with 1');
    for (const variable of variables) expect(failure).toContain(`${variable} is a secret of the demo`);
    expect(failure).not.toContain('demo-only-');
  });

  it('pay does not start with DEMO_DATA', async () => {
    const failure = await failureOf('pay', { ...DEMO, NODE_ENV: 'production', DEMO_DATA: 'true' });
    expect(failure).toContain('DEMO_DATA must not be true where NODE_ENV is production');
  });
});

describe('the demo', () => {
  it('says in one loud line that it is one', async () => {
    const provider = await spawnService({
      program: 'apps/pay-provider/dist/main.js',
      env: { ...DEMO, DEMO_DATA: 'true', DATA_FILE: '/dev/null' },
    });
    const warnings = provider.lines.filter((line) => line.includes('"level":"warn"'));
    expect(warnings).toEqual([expect.stringContaining('DEMO: demo data and demo secrets.')]);
    await provider.stop();
  });
});

/** A compose file without its comments. It is read as text, so that no library for YAML is needed. */
const compose = (name: string): string => readFileSync(join(repositoryRoot, name), 'utf8').replaceAll(/^\s*#.*$/gm, '');
const portsOf = (text: string): string[] => [...text.matchAll(/ports: \['(.+)'\]/g)].map(([, port]) => port ?? '');

describe('compose.production.yml', () => {
  const production = `${compose('docker-compose.yml')}${compose('compose.production.yml')}`;

  it('demands every secret that the demo has a value for', () => {
    const demo = compose('docker-compose.override.yml');
    const secrets = new Set([...demo.matchAll(/\$\{(\w+(?:SECRETS?|KEY|PASSWORD)):-/g)].map(([, name]) => name));
    expect(secrets.size).toBeGreaterThan(14);
    for (const name of secrets) expect(production).toContain(`\${${name}:?`);
    expect(production).not.toMatch(/demo-only|DEMO_DATA: 'true'|pay-provider/);
    expect(production).not.toMatch(/\$\{\w*(SECRET|KEY|PASSWORD)\w*(:-|\})/);
  });

  it('publishes the ports of the five services only', () => {
    const address = '${PUBLISH_ADDRESS:-127.0.0.1}';
    expect(portsOf(production)).toEqual([3001, 3002, 3003, 3004, 3005].map((port) => `${address}:${port}:${port}`));
    expect(production.match(/ports:/g)).toHaveLength(5);
  });

  it('gives the owner of a database to its migration only', () => {
    const sections = production.split(/^(?= {2}\S)/m);
    const withOwner = sections.filter((section) => section.includes('MIGRATION_DATABASE_URL: postgres:'));
    expect(withOwner.map((section) => section.slice(2, section.indexOf(':')))).toEqual(
      ['order', 'stock', 'coupon', 'user', 'pay'].map((service) => `${service}-migration`),
    );
  });
});

describe('docker-compose.override.yml, the demo', () => {
  it('publishes on loopback only', () => {
    const ports = portsOf(compose('docker-compose.override.yml'));
    expect(ports.length).toBeGreaterThan(8);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});
