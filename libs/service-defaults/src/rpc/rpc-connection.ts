import { connect } from 'node:net';
import { currentTrace } from '../trace/trace-context.js';
import { isSigning, PROOF, serverHelloSchema, welcomeSchema } from './handshake.js';
import type { RpcIdentity, ServerHello } from './handshake.js';
import { RpcSocket, UNREAD_BYTES_MAX } from './rpc-socket.js';
import type { Message } from './rpc-socket.js';
import { newNonce, SessionKeys } from './session-keys.js';

/** `broken`: the connection ended before the answer. */
export type Answer = { readonly response: unknown } | { readonly err: unknown } | 'broken';
/** Thrown when a server accepted and did not greet in time, or did not even accept: it is frozen, busy or gone. */
export class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError';
}

/** Some thousand calls. It is less than what closes a connection, so that a burst of calls never does. */
const UNREAD_CALLS_MAX = UNREAD_BYTES_MAX / 2;

type OnAnswer = (answer: Answer) => void;

interface ConnectionEvents {
  /** Nothing may be sent any more: the server stops, or the connection is gone. Open calls may still be answered. */
  readonly onLeaving: (why: 'bye' | 'closed') => void;
  readonly onPeerClock: (differenceMs: number) => void;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: RpcIdentity;
  /** The service that must be there. The address of a replica that is gone may belong to another service by now. */
  readonly service: string;
  /** For the connection and the greetings. A server that accepts and says nothing is frozen. */
  readonly limitMs: number;
  readonly events: ConnectionEvents;
}

/*
 * connecting   until the server's welcome
 * open         calls may be sent
 * leaving      the server said bye: open calls wait for their answers, then the connection ends
 * closed       open calls were told `broken`
 */

/** A connection to one replica, as its caller sees it. */
export class RpcConnection {
  private readonly socket: RpcSocket;
  private readonly nonce = newNonce();
  private readonly calls = new Map<number, OnAnswer>();
  private lastId = 0;
  private state: 'connecting' | 'open' | 'leaving' | 'closed' = 'connecting';
  private serverHello: ServerHello | undefined;
  private readonly startedAt = Date.now();

  private constructor(
    private readonly options: ConnectOptions,
    private readonly onOpen: (error?: Error) => void,
  ) {
    const { host, port } = options;
    this.socket = new RpcSocket(connect({ host, port }), {
      onMessage: (message) => this.receive(message),
      onClose: (error) => this.closed(error),
    });
  }

  /** @throws when the server is not reached, not greeted in time, or not the one it should be */
  static open(options: ConnectOptions): Promise<RpcConnection> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => connection.destroy(new ConnectTimeoutError('did not answer in time')),
        options.limitMs,
      );
      const connection = new RpcConnection(options, (error) => {
        clearTimeout(limit);
        if (error) reject(error);
        else resolve(connection);
      });
    });
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** So much waits to be read by the server that one more call would only wait behind it. */
  get isFull(): boolean {
    return this.socket.unreadBytes > UNREAD_CALLS_MAX;
  }

  /**
   * Sends a call. `onAnswer` is called once, unless the call is forgotten.
   * @returns the number of the call
   * @throws when the call is too long for a frame
   */
  ask(pattern: string, data: unknown, msLeft: number, onAnswer: OnAnswer): number {
    const id = ++this.lastId;
    this.socket.send({ id, pattern, msLeft, trace: currentTrace()?.traceparent, data });
    this.calls.set(id, onAnswer);
    return id;
  }

  /** The answer of this call will be dropped. */
  forget(id: number): void {
    this.calls.delete(id);
    this.endIfDone();
  }

  /** Open calls are told that the connection broke. */
  destroy(error?: Error): void {
    this.closed(error);
    this.socket.destroy();
  }

  private receive(message: Message): void {
    if (this.state === 'connecting') {
      this.greet(message);
      return;
    }
    if (message['bye'] === true) {
      this.leave();
      return;
    }
    this.answer(
      message['id'] as number,
      message['err'] === undefined ? { response: message['response'] } : { err: message['err'] },
    );
    this.endIfDone();
  }

  private answer(id: number, answer: Answer): void {
    const onAnswer = this.calls.get(id);
    // A late answer of a call that was given up, or one that nobody has asked for.
    if (!onAnswer) return;
    this.calls.delete(id);
    onAnswer(answer);
  }

  private greet(message: Message): void {
    const { identity, events, service } = this.options;
    if (!this.serverHello) {
      this.serverHello = serverHelloSchema.parse(message).hello;
      if (this.serverHello.signs !== isSigning(identity)) {
        throw new Error(`one side signs calls and the other does not: SERVICE_SECRETS`);
      }
      this.sendHello(this.serverHello);
      return;
    }
    // Signed with the keys of this connection, so the server has the secret too.
    const { welcome } = welcomeSchema.parse(message);
    if (welcome.service !== service) throw new Error(`this is ${welcome.service} and not ${service}`);
    this.state = 'open';
    events.onPeerClock(welcome.now - (this.startedAt + Date.now()) / 2);
    this.onOpen();
  }

  private sendHello(server: ServerHello): void {
    const { name: from, secrets } = this.options.identity;
    const secret = secrets?.[0];
    if (!secret) {
      this.socket.send({ hello: { nonce: this.nonce, from } });
      return;
    }
    const terms = { keyId: secret.id, from, callerNonce: this.nonce, serverNonce: server.nonce };
    const keys = SessionKeys.of(secret, terms, 'caller');
    this.socket.send({ hello: { nonce: this.nonce, from, key: secret.id, proof: keys.sign(PROOF) } });
    this.socket.signWith(keys);
  }

  private leave(): void {
    if (this.state !== 'open') return;
    this.state = 'leaving';
    this.options.events.onLeaving('bye');
    this.endIfDone();
  }

  private endIfDone(): void {
    if (this.state === 'leaving' && this.calls.size === 0) this.socket.end();
  }

  private closed(error: Error | undefined): void {
    const { state } = this;
    if (state === 'closed') return;
    this.state = 'closed';
    if (state === 'connecting') this.onOpen(error ?? new Error('the connection was closed during the greetings'));
    if (state === 'open') this.options.events.onLeaving('closed');
    for (const id of this.calls.keys()) this.answer(id, 'broken');
  }
}
