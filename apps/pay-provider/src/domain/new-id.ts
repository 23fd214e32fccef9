import { randomUUID } from 'node:crypto';

/** The provider's identifiers: a word that tells what it is, and a random UUID (of which node keeps some in stock). */
export const newId = (kind: 'ch' | 'txn' | 'evt'): string => `${kind}_${randomUUID()}`;
