import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Secret } from '../config/secret.js';
import { InvalidTokenError } from '../errors.js';
import { parseJsonBody } from '../http/json-body.js';

const VERSION = 'v1';
const DEFAULT_LIFETIME_MS = 15 * 60_000;
/** The clocks of two services differ a little. A token is not refused for that. */
const CLOCK_TOLERANCE_MS = 5_000;
const TOKEN_LENGTH_MAX = 1_024;
/** A token cannot be taken back, so none is good for longer. */
const LIFETIME_MAX_MS = 24 * 3_600_000;
/** An HMAC-SHA256 has 43 characters in base64url. One form only: a token that has two spellings passes by a list of revoked ones. */
const TOKEN = /^(?<signed>v1\.(?<claims>[A-Za-z0-9_-]+))\.(?<mac>[A-Za-z0-9_-]{43})$/;

const claimsSchema = z.strictObject({
  buyerId: z.string().min(1).max(64),
  /** ms since the epoch */
  expiresAt: z.int().min(0),
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

  /** @param lifetimeMs up to 24 hours; default 15 minutes */
  sign(buyerId: string, lifetimeMs: number = DEFAULT_LIFETIME_MS): string {
    if (!(lifetimeMs <= LIFETIME_MAX_MS))
      throw new RangeError(`lifetimeMs must be at most ${LIFETIME_MAX_MS} ms, not ${lifetimeMs}`);
    const claims: Claims = { buyerId, expiresAt: Math.round(this.clock() + lifetimeMs) };
    const signed = `${VERSION}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${signed}.${this.mac(signed)}`;
  }

  /**
   * @returns the buyer's id
   * @throws {InvalidTokenError} that does not name the check which failed, since only a forger would profit from that
   */
  verify(token: string): string {
    if (token.length > TOKEN_LENGTH_MAX) throw invalid();
    const { signed = '', claims: encoded = '', mac = '' } = TOKEN.exec(token)?.groups ?? {};
    const expected = this.mac(signed);
    // The texts are compared and not the bytes: the last character of base64url has bits that no byte holds.
    if (mac.length !== expected.length || !timingSafeEqual(Buffer.from(mac), Buffer.from(expected))) throw invalid();
    const claims = readClaims(encoded);
    const now = this.clock();
    if (!claims || claims.expiresAt + CLOCK_TOLERANCE_MS < now) throw invalid();
    if (claims.expiresAt > now + LIFETIME_MAX_MS + CLOCK_TOLERANCE_MS) throw invalid();
    return claims.buyerId;
  }

  private mac(signed: string): string {
    return createHmac('sha256', this.secret.reveal()).update(signed).digest('base64url');
  }
}

const invalid = () => new InvalidTokenError('the bearer token is invalid or expired');

function readClaims(encoded: string): Claims | undefined {
  try {
    return claimsSchema.safeParse(parseJsonBody(Buffer.from(encoded, 'base64url'))).data;
  } catch {
    // Signed with our secret, and yet not what we sign.
    return undefined;
  }
}
