import { z } from 'zod';
import type { KeyedSecret } from '../config/secret.js';

/*
 * How a connection begins.
 *   server -> caller   hello     its nonce, and whether it signs
 *   caller -> server   hello     its name, its nonce, the id of its secret, and a proof that it has the secret
 *   server -> caller   welcome   its name, signed, so that the caller knows that the server has the secret too
 * From the welcome on everything is signed, where the server signs: calls and answers. A server that stops says `bye`:
 * it answers all that it has been sent, and the caller sends no more.
 */

/** Who this process is among the services. */
export interface RpcIdentity {
  readonly name: string;
  /** The first signs, all of them verify. Without any nothing is signed, and whoever reaches the port may call. */
  readonly secrets?: readonly KeyedSecret[] | undefined;
}

export const isSigning = ({ secrets }: RpcIdentity): boolean => secrets !== undefined && secrets.length > 0;

const nonce = z.string().min(16).max(64);

export const serverHelloSchema = z.object({ hello: z.object({ nonce, signs: z.boolean() }) });
export type ServerHello = z.infer<typeof serverHelloSchema>['hello'];

export const callerHelloSchema = z.object({
  hello: z.object({
    nonce,
    from: z.string().regex(/^[a-z0-9-]{1,32}$/),
    key: z.string().max(16).optional(),
    proof: z.string().max(64).optional(),
  }),
});

export type CallerHello = z.infer<typeof callerHelloSchema>['hello'];

/** What the proof of a caller is the MAC of. The keys of the session hold everything that is fresh. */
export const PROOF = 'hello';

/**
 * `service` is the server's own name. `now` is its wall clock, for the metric of clock differences; nothing is decided by it. The
 * keys of a signed session depend on both nonces, so the welcome repeats neither.
 */
export const welcomeSchema = z.object({ welcome: z.object({ service: z.string().max(64), now: z.number() }) });

export const PING = 'rpc.ping';
