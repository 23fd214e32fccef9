import { SERVICES } from '@rocketshop/shop-testkit';
import type { DatabaseUrls, ProviderEndpoint } from '@rocketshop/shop-testkit';

/** The URL of a service's database in the PostgreSQL that `docker compose up` publishes. */
function composeUrl(service: string): string {
  const password = process.env[`${service.toUpperCase()}_DATABASE_PASSWORD`] || `demo-only-${service}`;
  const port = process.env['POSTGRES_PORT'] || '5432';
  return `postgres://shop_${service}:${encodeURIComponent(password)}@127.0.0.1:${port}/shop_${service}`;
}

/** `<SERVICE>_DATABASE_URL` of each service. @default the database of the running demo, else that of compose */
export function databaseUrlsFromEnvironment(fromDemo: Partial<DatabaseUrls>): DatabaseUrls {
  const urls = SERVICES.map((service) => [
    service,
    process.env[`${service.toUpperCase()}_DATABASE_URL`] ?? fromDemo[service] ?? composeUrl(service),
  ]);
  return Object.fromEntries(urls) as DatabaseUrls;
}

/** `PROVIDER_URL` and `MERCHANT_KEY`. @default the provider of the running demo, else that of compose */
export function providerEndpointFromEnvironment(fromDemo: ProviderEndpoint | undefined): ProviderEndpoint {
  return {
    url: process.env['PROVIDER_URL'] || (fromDemo?.url ?? 'http://127.0.0.1:3010'),
    merchantKey: process.env['MERCHANT_KEY'] || (fromDemo?.merchantKey ?? 'demo-only-merchant-key-change-me'),
  };
}
