import { z } from 'zod';

/** U+0000 and halves of surrogate pairs. PostgreSQL holds neither, and a statement with one fails again at every repetition. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

const PROBLEM = 'must not contain U+0000 or half of a surrogate pair';

const isStorable = (value: string): boolean => !UNSTORABLE.test(value);

/** Text of any kind that every database of the shop can hold. The contracts use it instead of `z.string()`. */
export const text = () => z.string().refine(isStorable, PROBLEM);

/** A URL as it is given. A URL parser accepts, and escapes, what a database cannot hold. */
export const urlText = () => z.url().refine(isStorable, PROBLEM);
