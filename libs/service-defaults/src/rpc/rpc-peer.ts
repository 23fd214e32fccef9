import type { Socket } from 'node:net';
import { BrokenProtocolError, FRAME_BYTES_MAX } from './frame-reader.js';
import { callerHelloSchema, isSigning, PROOF } from './handshake.js';
import type { CallerHello, RpcIdentity } from './handshake.js';
import { RpcSocket } from './rpc-socket.js';
import type { Message } from './rpc-socket.js';
import { newNonce, SessionKeys } from './session-keys.js';

/** A caller says hello as soon as it is connected. */
const HELLO_TIME_MS = 3_000;
const HELLO_BYTES_MAX = 512;
/** No caller waits longer. It bounds what a caller without a secret may tell. */
export const MS_LEFT_MAX = 60_000;

export interface ReceivedCall {
  readonly id: number;
  readonly pattern: string;
  readonly msLeft: number;
  readonly trace: string | undefined;
  /** The handler checks it against the command's contract. */
  readonly data: unknown;
}

/** Checked by hand: it is done for every call, and costs a tenth of what a schema costs. */
function readCall({ id, pattern, msLeft, trace, data }: Message): ReceivedCall {
  if (
    typeof id === 'number' &&
    Number.isSafeInteger(id) &&
    typeof pattern === 'string' &&
    typeof msLeft === 'number' &&
    msLeft >= 0 &&
    msLeft <= MS_LEFT_MAX &&
    (trace === undefined || typeof trace === 'string')
  ) {
    return { id, pattern, msLeft, trace, data };
  }
  throw new BrokenProtocolError('CALL_MALFORMED');
}

export interface RpcPeerEvents {
  readonly onGreeted: () => void;
  readonly onCall: (call: ReceivedCall) => void;
  readonly onReplay: () => void;
  readonly onClose: (error: Error | undefined) => void;
}

/** A caller, seen from the server. */
export class RpcPeer {
  /** The caller's service. */
  from = '';
  private readonly socket: RpcSocket;
  private readonly nonce = newNonce();
  private readonly helloLimit: NodeJS.Timeout;
  private isGreeted = false;
  private lastId = 0;
  private readonly events: RpcPeerEvents;

  constructor(
    socket: Socket,
    private readonly identity: RpcIdentity,
    events: RpcPeerEvents,
  ) {
    this.events = events;
    this.socket = new RpcSocket(socket, {
      onMessage: (message) => (this.isGreeted ? this.call(message) : this.greet(message)),
      onClose: (error) => {
        clearTimeout(this.helloLimit);
        events.onClose(error);
      },
    });
    this.socket.frameBytesMax = HELLO_BYTES_MAX;
    this.helloLimit = setTimeout(() => this.destroy(new BrokenProtocolError('HELLO_LATE')), HELLO_TIME_MS).unref();
    this.socket.send({ hello: { nonce: this.nonce, signs: isSigning(identity) } });
  }

  send(message: object): void {
    this.socket.send(message);
  }

  /** Tells the caller that no more calls are wanted here. Those that come nevertheless were sent before, and are answered. */
  bye(): void {
    this.socket.send({ bye: true });
  }

  end(): void {
    this.socket.end();
  }

  destroy(error?: Error): void {
    this.socket.destroy(error);
  }

  private greet(message: Message): void {
    const { data, error } = callerHelloSchema.safeParse(message);
    if (error) throw new BrokenProtocolError('HELLO_MALFORMED');
    const { from } = data.hello;
    const keys = this.keysFor(data.hello);
    if (keys) this.socket.signWith(keys);
    this.from = from;
    this.isGreeted = true;
    this.socket.frameBytesMax = FRAME_BYTES_MAX;
    clearTimeout(this.helloLimit);
    this.events.onGreeted();
    this.socket.send({ welcome: { service: this.identity.name, now: Date.now() } });
  }

  private keysFor({ key, proof, from, nonce }: CallerHello): SessionKeys | undefined {
    if (!isSigning(this.identity)) return undefined;
    if (key === undefined || proof === undefined) throw new BrokenProtocolError('MAC_MISSING');
    const secret = this.identity.secrets?.find(({ id }) => id === key);
    if (!secret) throw new BrokenProtocolError('KEY_UNKNOWN');
    const terms = { keyId: key, from, callerNonce: nonce, serverNonce: this.nonce };
    const keys = SessionKeys.of(secret, terms, 'server');
    if (!keys.verify(Buffer.from(proof + PROOF))) throw new BrokenProtocolError('MAC_WRONG');
    return keys;
  }

  private call(message: Message): void {
    const call = readCall(message);
    // A caller counts its calls, so that one that is sent again by somebody else reaches no handler.
    if (call.id <= this.lastId) {
      this.events.onReplay();
      return;
    }
    this.lastId = call.id;
    this.events.onCall(call);
  }
}
