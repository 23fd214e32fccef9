import { connectPeer, messageOf, PeerError } from '@rocketshop/mq-protocol';
import type { Peer, PeerHandlers, RemotingCommand } from '@rocketshop/mq-protocol';
import { ClientError, ConnectionError, InvalidStateError, RequestTimeoutError } from '../client-error.js';
import type { Logger } from '../logger.js';
import { SilentServers } from './silent-servers.js';

/**
 * Pause after the first failed connect. It doubles up to a short maximum, so that a broker that is back is found soon.
 */
const RECONNECT_BACKOFF_MIN_MS = 50;
const RECONNECT_BACKOFF_MAX_MS = 1_000;

/** A pull answer may be long and the line slow, so it has the time of a pull. */
const FRAME_TIMEOUT_MS = 30_000;

/** A server answers within milliseconds what it does not hold back. One that is later than this is probed. */
const LATE_AFTER_MS = 1_500;
/** Time limit of a request to a server that is set aside: enough for one that answers again, and no long wait for the others. */
const SET_ASIDE_TIMEOUT_MS = 1_000;

interface Connection {
  peer: Peer | undefined;
  opening: Promise<Peer> | undefined;
  failures: number;
  retryAt: number;
}

interface ConnectionsOptions {
  connectTimeoutMs: number;
  logger: Logger;
  /** A request that every one of these servers answers at once. */
  probe: () => RemotingCommand;
  onRequest?: PeerHandlers['onRequest'];
  /** Called before any request can use the new connection. */
  onOpen?: (peer: Peer, address: string) => void;
}

/**
 * One connection to each address, opened when it is asked for, and again after it was lost. There is no timer that
 * reconnects: heartbeats, pulls and sends ask for the connection. During the back-off after a failure they are refused
 * at once.
 */
export class Connections {
  private readonly byAddress = new Map<string, Connection>();
  /** Servers that are set aside, because they let a request wait too long. */
  readonly silent: SilentServers;
  private closed = false;
  /** Aborts attempts to connect when the client shuts down. */
  private readonly closing = new AbortController();

  constructor(private readonly options: ConnectionsOptions) {
    const { logger, probe } = options;
    this.silent = new SilentServers({ connect: (address) => this.get(address), probe, logger });
  }

  /** The open connection, if there is one. It returns no promise, because the send path calls it for every message. */
  peek(address: string): Peer | undefined {
    const peer = this.byAddress.get(address)?.peer;
    return peer === undefined || peer.closed ? undefined : peer;
  }

  get(address: string): Promise<Peer> {
    if (this.closed) return Promise.reject(new InvalidStateError('the client is shut down'));
    const connection = this.connectionOf(address);
    if (connection.peer !== undefined && !connection.peer.closed) return Promise.resolve(connection.peer);
    if (connection.opening !== undefined) return connection.opening;
    const waitMs = connection.retryAt - performance.now();
    if (waitMs > 0) {
      return Promise.reject(new ConnectionError(address, `unreachable, next attempt in ${Math.ceil(waitMs)} ms`));
    }
    connection.opening = this.open(address, connection).finally(() => {
      connection.opening = undefined;
    });
    return connection.opening;
  }

  /**
   * Resolves with the answer, whatever its code.
   * @param holdMs the server may hold the request back for this time
   * @throws ConnectionError, RequestTimeoutError
   */
  async request(address: string, command: RemotingCommand, timeoutMs: number, holdMs = 0): Promise<RemotingCommand> {
    const limitMs = this.silent.has(address) ? Math.min(timeoutMs, SET_ASIDE_TIMEOUT_MS) : timeoutMs;
    const lateAfterMs = Math.min(limitMs, holdMs) + Math.min(Math.max(0, limitMs - holdMs) / 2, LATE_AFTER_MS);
    try {
      const peer = this.peek(address) ?? (await this.get(address));
      const answer = await this.requestOn(peer, address, command, lateAfterMs, limitMs);
      this.silent.answered(address);
      return answer;
    } catch (error) {
      const translated = translateError(error, address, limitMs);
      if (translated instanceof RequestTimeoutError) this.silent.suspect(address);
      throw translated;
    }
  }

  private requestOn(
    peer: Peer,
    address: string,
    command: RemotingCommand,
    lateAfterMs: number,
    limitMs: number,
  ): Promise<RemotingCommand> {
    let isLate = false;
    return new Promise((resolve, reject) => {
      peer.requestWith(command, lateAfterMs, {
        onAnswer: (answer) => resolve(answer.toCommand()),
        onFailure: reject,
        moreTime: () => {
          if (isLate) return undefined;
          isLate = true;
          this.silent.suspect(address);
          return Math.max(1, limitMs - lateAfterMs);
        },
      });
    });
  }

  openAddresses(): string[] {
    return [...this.byAddress.keys()].filter((address) => this.peek(address) !== undefined);
  }

  /** Closes and forgets connections to other addresses than `wanted`, unless a request waits for an answer on them. */
  retain(wanted: ReadonlySet<string>): void {
    for (const [address, connection] of this.byAddress) {
      const busy = connection.opening !== undefined || (connection.peer?.pendingRequests ?? 0) > 0;
      if (wanted.has(address) || busy) continue;
      this.byAddress.delete(address);
      this.silent.forget(address);
      connection.peer?.close();
    }
  }

  async closeAll(): Promise<void> {
    this.closed = true;
    this.closing.abort();
    this.silent.close();
    const connections = [...this.byAddress.values()];
    for (const connection of connections) connection.peer?.close();
    await Promise.allSettled(connections.flatMap((connection) => connection.opening ?? []));
  }

  private connectionOf(address: string): Connection {
    let connection = this.byAddress.get(address);
    if (connection === undefined) {
      connection = { peer: undefined, opening: undefined, failures: 0, retryAt: 0 };
      this.byAddress.set(address, connection);
    }
    return connection;
  }

  private async open(address: string, connection: Connection): Promise<Peer> {
    const { logger, connectTimeoutMs, onRequest } = this.options;
    const separator = address.lastIndexOf(':');
    try {
      const peer = await connectPeer({
        host: address.slice(0, separator),
        port: Number(address.slice(separator + 1)),
        connectTimeoutMs,
        signal: this.closing.signal,
        limits: { frameTimeoutMs: FRAME_TIMEOUT_MS },
        handlers: {
          ...(onRequest === undefined ? {} : { onRequest }),
          onClose: (closedPeer, error) => this.onClosed(address, connection, closedPeer, error),
        },
      });
      if (this.closed) {
        peer.close();
        throw new InvalidStateError('the client is shut down');
      }
      connection.peer = peer;
      connection.failures = 0;
      connection.retryAt = 0;
      logger.debug(`connected to ${address}`);
      this.options.onOpen?.(peer, address);
      return peer;
    } catch (error) {
      if (error instanceof InvalidStateError) throw error;
      connection.failures += 1;
      const backoffMs = Math.min(
        RECONNECT_BACKOFF_MAX_MS,
        RECONNECT_BACKOFF_MIN_MS * 2 ** Math.min(connection.failures - 1, 10),
      );
      // Without jitter all clients of a broker that is back would connect at the same moment.
      connection.retryAt = performance.now() + backoffMs * (0.75 + Math.random() / 4);
      if (connection.failures === 1) logger.warn(`cannot connect to ${address}: ${messageOf(error)}`);
      throw translateError(error, address, connectTimeoutMs);
    }
  }

  private onClosed(address: string, connection: Connection, peer: Peer, error: Error | undefined): void {
    if (connection.peer === peer) connection.peer = undefined;
    if (!this.closed) this.options.logger.info(`connection to ${address} closed${error ? `: ${error.message}` : ''}`);
  }
}

/** Turns the protocol library's errors into this library's. */
export function translateError(error: unknown, address: string, timeoutMs: number): Error {
  if (error instanceof ClientError) return error;
  if (error instanceof PeerError && error.code === 'REQUEST_TIMEOUT') {
    return new RequestTimeoutError(address, timeoutMs, error);
  }
  return new ConnectionError(address, messageOf(error), error);
}
