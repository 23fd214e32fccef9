import { providerCallbackSchema } from '@rocketshop/contracts';
import type { ProviderCallback } from '@rocketshop/contracts';

/** Why the bytes of a genuine callback are no callback. */
export type Unreadable = 'NOT_UTF8' | 'NOT_JSON' | 'NOT_AS_AGREED';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the bytes of a callback. It never throws: the bytes come from outside, although they are signed. */
export function readCallback(rawBody: Buffer): ProviderCallback | Unreadable {
  let text: string;
  try {
    text = utf8.decode(rawBody);
  } catch {
    return 'NOT_UTF8';
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'NOT_JSON';
  }
  const result = providerCallbackSchema.safeParse(json);
  return result.success ? result.data : 'NOT_AS_AGREED';
}
