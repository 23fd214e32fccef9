import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { KeyedSecret } from '../config/secret.js';

/** A MAC as it travels: HMAC-SHA256 in base64url. */
export const MAC_LENGTH = 43;

/**
 * What both ends of a signed session are bound to. The nonces are fresh on each connection, one from either side, so that nothing
 * that was recorded on one connection is taken on another. A session ends with its connection: no clock takes part.
 */
export interface SessionTerms {
  readonly keyId: string;
  /** The service that calls. */
  readonly from: string;
  readonly callerNonce: string;
  readonly serverNonce: string;
}

export const newNonce = (): string => randomBytes(16).toString('base64url');

/** Signs what this end sends, and checks what the other end sends. */
export class SessionKeys {
  private constructor(
    private readonly own: KeyObject,
    private readonly others: KeyObject,
  ) {}

  /** Calls and answers have keys of their own, so that a call cannot come back as its answer. */
  static of({ secret }: KeyedSecret, terms: SessionTerms, end: 'caller' | 'server'): SessionKeys {
    const derive = (direction: string): KeyObject => {
      const context = ['rocketshop-rpc-1', direction, terms.keyId, terms.from, terms.callerNonce, terms.serverNonce];
      return createSecretKey(createHmac('sha256', secret.reveal()).update(JSON.stringify(context)).digest());
    };
    const [call, answer] = [derive('call'), derive('answer')];
    return end === 'caller' ? new SessionKeys(call, answer) : new SessionKeys(answer, call);
  }

  sign(json: string): string {
    return createHmac('sha256', this.own).update(json).digest('base64url');
  }

  /** @param body a MAC and the bytes that it is for */
  verify(body: Buffer): boolean {
    if (body.length <= MAC_LENGTH) return false;
    const told = Buffer.from(body.toString('latin1', 0, MAC_LENGTH), 'base64url');
    const right = createHmac('sha256', this.others).update(body.subarray(MAC_LENGTH)).digest();
    return told.length === right.length && timingSafeEqual(told, right);
  }
}
