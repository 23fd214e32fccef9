import { SERVICES } from '@rocketshop/shop-testkit';
import type { DatabaseUrls } from '@rocketshop/shop-testkit';

/** The URL of the PostgreSQL that `docker compose up` publishes. */
const COMPOSE_URL = (service: string) =>
  `postgres://shop_${service}:${process.env['SERVICE_DATABASE_PASSWORD'] ?? 'demo-only-service'}@127.0.0.1:${process.env['POSTGRES_PORT'] ?? '5432'}/shop_${service}`;

/** `<SERVICE>_DATABASE_URL` of each service. @default the database of the running demo, else that of compose */
export function databaseUrlsFromEnvironment(fromDemo: Partial<DatabaseUrls>): DatabaseUrls {
  const urls = SERVICES.map((service) => [
    service,
    process.env[`${service.toUpperCase()}_DATABASE_URL`] ?? fromDemo[service] ?? COMPOSE_URL(service),
  ]);
  return Object.fromEntries(urls) as DatabaseUrls;
}
