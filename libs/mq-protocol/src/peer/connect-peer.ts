import { connect } from 'node:net';
import { PeerError } from '../errors.js';
import { frameMemory } from './frame-memory.js';
import { peerLimits } from './peer-limits.js';
import type { PeerLimits } from './peer-limits.js';
import { Peer } from './peer.js';
import type { PeerHandlers } from './peer.js';
import { SocketBinding } from './socket-binding.js';
import { UnsentMemory } from './unsent-memory.js';

/** What a client writes is its own; a limit over its connections would cut those that carry its longest requests. */
const memory = { frames: frameMemory, unsent: new UnsentMemory(Infinity) };

export interface ConnectPeerOptions {
  host: string;
  port: number;
  handlers?: PeerHandlers;
  /** @default 3000 */
  connectTimeoutMs?: number;
  /** Ends an attempt to connect, so that a shutdown does not wait for it. */
  signal?: AbortSignal;
  limits?: Partial<PeerLimits>;
}

/** Opens a connection. Rejects with PeerError CONNECT_FAILED. */
export function connectPeer(options: ConnectPeerOptions): Promise<Peer> {
  const { host, port, handlers = {}, connectTimeoutMs = 3000, signal } = options;
  const binding = new SocketBinding();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, onread: binding.onread });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (message: string, cause?: unknown): void => {
      settle();
      socket.destroy();
      reject(new PeerError('CONNECT_FAILED', `${host}:${port}`, message, cause));
    };
    const onError = (error: Error): void => fail('cannot connect', error);
    const onAbort = (): void => fail('given up');
    const timer = setTimeout(() => fail(`no connection within ${connectTimeoutMs} ms`), connectTimeoutMs);
    socket.once('error', onError);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort);
    socket.once('connect', () => {
      settle();
      const peer = new Peer(socket, handlers, peerLimits(options.limits), memory);
      binding.bind(socket, peer);
      socket.off('error', onError);
      resolve(peer);
    });
  });
}
