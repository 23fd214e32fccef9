import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Secret } from '../config/secret.js';
import { InvalidTokenError } from '../errors.js';

const VERSION = 'v1';
const DEFAULT_LIFETIME_MS = 15 * 60_000;
/** The clocks of two services differ a little. A token is not refused for that. */
const CLOCK_TOLERANCE_MS = 5_000;
const TOKEN_LENGTH_MAX = 1_024;

const claimsSchema = z.object({
  buyerId: z.string(),
  /** ms since the epoch */
  expiresAt: z.number(),
});
type Claims = z.infer<typeof claimsSchema>;

/**
 * Short-lived bearer tokens: `v1.<base64url JSON claims>.<base64url HMAC-SHA256 over "v1.<claims>">`.
 * A token contains the buyer's id and its own end, nothing else. Every service with the secret can check it alone.
 */
export class BuyerTokens {
  constructor(
    private readonly secret: Secret,
    private readonly clock: () => number = Date.now,
  ) {}

  /** @param lifetimeMs default 15 minutes */
  sign(buyerId: string, lifetimeMs: number = DEFAULT_LIFETIME_MS): string {
    const claims: Claims = { buyerId, expiresAt: this.clock() + lifetimeMs };
    const signed = `${VERSION}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${signed}.${this.mac(signed).toString('base64url')}`;
  }

  /**
   * @returns the buyer's id
   * @throws {InvalidTokenError} that does not name the check which failed, since only a forger would profit from that
   */
  verify(token: string): string {
    if (token.length > TOKEN_LENGTH_MAX) throw invalid();
    const end = token.lastIndexOf('.');
    const signed = token.slice(0, Math.max(0, end));
    const mac = Buffer.from(token.slice(end + 1), 'base64url');
    const expected = this.mac(signed);
    if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw invalid();
    const claims = readClaims(signed);
    if (!claims || claims.expiresAt + CLOCK_TOLERANCE_MS < this.clock()) throw invalid();
    return claims.buyerId;
  }

  private mac(signed: string): Buffer {
    return createHmac('sha256', this.secret.reveal()).update(signed).digest();
  }
}

const invalid = () => new InvalidTokenError('the bearer token is invalid or expired');

function readClaims(signed: string): Claims | undefined {
  const [version, encoded] = signed.split('.');
  if (version !== VERSION || !encoded) return undefined;
  return claimsSchema.safeParse(JSON.parse(Buffer.from(encoded, 'base64url').toString())).data;
}
