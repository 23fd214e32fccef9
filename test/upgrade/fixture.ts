import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { SERVICES } from '@rocketshop/shop-testkit';
import type { Cart, ServiceName } from '@rocketshop/shop-testkit';

/** An order that was open when the old version stopped. */
export interface OpenOrder {
  /** What had happened to it. */
  readonly name: string;
  readonly buyer: string;
  readonly orderId: string;
  /** The Idempotency-Key with which it was placed. */
  readonly key: string;
  readonly cart: Cart;
  /** The answer that the key keeps; null when the buyer got none. */
  readonly answered: number | null;
  readonly status: string;
  /** The statuses in which it may end under the new version, when nobody does anything more. */
  readonly ends: readonly string[];
}

/** What a version left behind. */
export interface Fixture {
  readonly writtenBy: string;
  readonly writtenAt: string;
  readonly orders: readonly OpenOrder[];
  /** SQL of each service's database; see database-text.ts. */
  readonly databases: Readonly<Record<ServiceName, string>>;
  /** The provider's ledger. `{{pay}}` and `{{provider}}` stand for base URLs in it and in the SQL. */
  readonly ledger: string;
  /** The broker's folder: path to contents. */
  readonly store: ReadonlyMap<string, Buffer>;
}

/** Size of the broker's log files in the fixture, bytes. Most of a file is zeros, which compress to nothing. */
export const LOG_FILE_BYTES = 1024 * 1024;

/** The store is text too: a JSON object of path to the Brotli-compressed contents in Base64. */
export async function saveFixture(folder: string, fixture: Fixture): Promise<void> {
  const { databases, ledger, store, ...orders } = fixture;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'orders.json'), `${JSON.stringify(orders, null, 2)}\n`);
  for (const service of SERVICES) await writeFile(join(folder, `${service}.sql`), databases[service]);
  await writeFile(join(folder, 'provider.jsonl'), ledger);
  const packed = [...store].map(([path, bytes]) => [path, brotliCompressSync(bytes).toString('base64')]);
  await writeFile(join(folder, 'broker-store.json'), `${JSON.stringify(Object.fromEntries(packed), null, 2)}\n`);
}

export async function loadFixture(folder: string): Promise<Fixture> {
  const text = (name: string) => readFile(join(folder, name), 'utf8');
  const orders = JSON.parse(await text('orders.json')) as Pick<Fixture, 'writtenBy' | 'writtenAt' | 'orders'>;
  const databases = await Promise.all(SERVICES.map(async (service) => [service, await text(`${service}.sql`)]));
  const packed = JSON.parse(await text('broker-store.json')) as Record<string, string>;
  return {
    ...orders,
    databases: Object.fromEntries(databases) as Fixture['databases'],
    ledger: await text('provider.jsonl'),
    store: new Map(
      Object.entries(packed).map(([path, base64]) => [path, brotliDecompressSync(Buffer.from(base64, 'base64'))]),
    ),
  };
}

export async function readStore(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(relative(folder, path), await readFile(path));
  }
  return files;
}

export async function writeStore(folder: string, store: Fixture['store']): Promise<void> {
  for (const [path, bytes] of store) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}
