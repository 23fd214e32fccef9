import { randomUUID } from 'node:crypto';

/** An identifier of the provider: a prefix that names the kind, and a random UUID. */
export const newId = (kind: 'ch' | 'txn' | 'evt'): string => `${kind}_${randomUUID()}`;
