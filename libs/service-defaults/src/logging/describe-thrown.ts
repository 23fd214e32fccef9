import { types } from 'node:util';

/** What stands in for a part whose getter or proxy throws. */
const UNREADABLE = 'cannot be read';
/** A line of a log is no place for megabytes. */
const TEXT_CHARACTERS_MAX = 20_000;

/** `instanceof` throws for a revoked proxy, and anything may be thrown. Here the answer is false. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return types.isNativeError(thrown) || thrown instanceof Error;
  } catch {
    return false;
  }
}

/** The message of an error, or the text of another value. It never throws. */
export function messageOf(thrown: unknown): string {
  return textOf(() => (isError(thrown) ? thrown.message : thrown));
}

/** Class, message and stack of any thrown value, each read by itself. It never throws. */
export function describeThrown(thrown: unknown): { type: string; message: string; stack: string } {
  if (!isError(thrown)) return { type: typeof thrown, message: messageOf(thrown), stack: '' };
  return { type: textOf(() => thrown.name), message: messageOf(thrown), stack: textOf(() => thrown.stack ?? '') };
}

/** The text with its end cut off, if it is long. */
export function cutText(text: string): string {
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}...` : text;
}

function textOf(read: () => unknown): string {
  try {
    const value = read();
    if (typeof value !== 'object' || value === null) return cutText(String(value));
    return cutText(JSON.stringify(value) ?? Object.prototype.toString.call(value));
  } catch {
    return UNREADABLE;
  }
}
