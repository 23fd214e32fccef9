import { randomBytes } from 'node:crypto';

/** The provider's identifiers: a word that tells what it is, and 96 random bits. */
export const newId = (kind: 'ch' | 'txn' | 'evt'): string => `${kind}_${randomBytes(12).toString('hex')}`;
