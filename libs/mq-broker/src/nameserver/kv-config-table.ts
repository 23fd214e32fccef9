import { BodyError, JsonReader } from '@rocketshop/mq-protocol';
import { DeferredSave } from '../config/index.js';
import type { ConfigStorage } from '../config/index.js';

/** Enough for every topic of a large cluster to be an order topic; bounds what strangers can make us keep. */
const ENTRIES_MAX = 100_000;

/** Keeps the table in memory only. */
const noStorage: ConfigStorage = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };

/**
 * Small facts operators share through the name server: namespace, key, value. Saved on each change as
 * `{"configTable":{"namespace":{"key":"value"}}}`.
 *
 * Source: namesrv/kvconfig/KVConfigManager.java.
 */
export class KvConfigTable {
  private readonly namespaces = new Map<string, Map<string, string>>();
  private readonly saving: DeferredSave;

  private constructor(storage: ConfigStorage) {
    // Whoever changes a value waits for `saved()` and gets the error there.
    this.saving = new DeferredSave(
      storage,
      () => this.encode(),
      () => {},
    );
  }

  /** Throws what the storage throws and a BodyError on text that is no such table. */
  static async load(storage: ConfigStorage = noStorage): Promise<KvConfigTable> {
    const table = new KvConfigTable(storage);
    const text = await storage.load(decode);
    if (text !== undefined) for (const [namespace, entries] of decode(text)) table.namespaces.set(namespace, entries);
    return table;
  }

  get(namespace: string, key: string): string | undefined {
    return this.namespaces.get(namespace)?.get(key);
  }

  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.namespaces.get(namespace);
  }

  /** Returns false when the table is full. */
  put(namespace: string, key: string, value: string): boolean {
    let entries = this.namespaces.get(namespace);
    if (this.get(namespace, key) === undefined && this.size() >= ENTRIES_MAX) return false;
    if (entries === undefined) this.namespaces.set(namespace, (entries = new Map()));
    entries.set(key, value);
    this.saving.request();
    return true;
  }

  delete(namespace: string, key: string): void {
    const entries = this.namespaces.get(namespace);
    if (entries?.delete(key) !== true) return;
    if (entries.size === 0) this.namespaces.delete(namespace);
    this.saving.request();
  }

  /** Resolves when every change made so far is stored. Throws what the storage threw. */
  saved(): Promise<void> {
    return this.saving.settled();
  }

  private size(): number {
    let count = 0;
    for (const entries of this.namespaces.values()) count += entries.size;
    return count;
  }

  private encode(): string {
    const configTable = Object.fromEntries(
      [...this.namespaces].map(([namespace, entries]) => [namespace, Object.fromEntries(entries)]),
    );
    return JSON.stringify({ configTable }, undefined, 2);
  }
}

/** Throws when the text is no such table: a value of another type comes from damage, or from another file. */
function decode(text: string): Map<string, Map<string, string>> {
  const reader = JsonReader.parse(text, 'kvConfig');
  if (!reader.has('configTable')) throw new BodyError('kvConfig.configTable is missing');
  const table = reader.entries('configTable', (entries, path) =>
    JsonReader.of({ entries }, path).entries('entries', (value, at) => {
      if (typeof value !== 'string') throw new BodyError(`${at} is no text`);
      return value;
    }),
  );
  return new Map([...table].filter(([, entries]) => entries.size > 0));
}
