import { createHmac, timingSafeEqual } from 'node:crypto';
import { CALLBACK_TOLERANCE_SECONDS } from '@rocketshop/contracts';

export type SignatureVerdict = 'GENUINE' | 'MALFORMED' | 'TOO_OLD_OR_NEW' | 'FORGED';

const HEADER_LENGTH_MAX = 1_024;
/** A provider that rotates its secret sends two v1. A few more are allowed. */
const SIGNATURES_MAX = 4;
const SIGNATURE = /^[0-9a-f]{64}$/;

/**
 * Checks `t=<unix seconds>,v1=<hex>[,v1=<hex>]`: HMAC-SHA256 over `<t>.<raw body>` under any of our secrets.
 * The bytes are those that arrived, since JSON that was parsed and written again may differ from what was signed.
 * @param secrets newest first; two while one is being rotated
 * @param nowMs this host's clock
 */
export function verifyCallbackSignature(
  header: string | undefined,
  rawBody: Buffer,
  secrets: readonly string[],
  nowMs: number,
): SignatureVerdict {
  const parsed = parseHeader(header);
  if (!parsed) return 'MALFORMED';
  if (Math.abs(nowMs / 1000 - parsed.timestamp) > CALLBACK_TOLERANCE_SECONDS) return 'TOO_OLD_OR_NEW';
  let genuine = false;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(`${parsed.timestampText}.`).update(rawBody).digest();
    // The loop does not end early, since its duration must not tell which secret or which signature fits.
    for (const signature of parsed.signatures) {
      if (timingSafeEqual(expected, signature)) genuine = true;
    }
  }
  return genuine ? 'GENUINE' : 'FORGED';
}

function parseHeader(header: string | undefined) {
  if (!header || header.length > HEADER_LENGTH_MAX) return undefined;
  let timestampText: string | undefined;
  const signatures: Buffer[] = [];
  for (const part of header.split(',')) {
    const [name, value = ''] = part.trim().split('=', 2);
    if (name === 't') timestampText = value;
    else if (name === 'v1' && SIGNATURE.test(value)) signatures.push(Buffer.from(value, 'hex'));
  }
  if (!timestampText || !/^\d{1,12}$/.test(timestampText)) return undefined;
  if (signatures.length === 0 || signatures.length > SIGNATURES_MAX) return undefined;
  return { timestampText, timestamp: Number(timestampText), signatures };
}
