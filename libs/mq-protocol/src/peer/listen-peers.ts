import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { peerLimits } from './peer-limits.js';
import type { PeerLimits } from './peer-limits.js';
import { Peer } from './peer.js';
import type { PeerHandlers } from './peer.js';
import { adoptWithOnread, SocketBinding } from './socket-binding.js';

const BACKLOG = 1024;

export interface ListenPeersOptions {
  /** @default '0.0.0.0' */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  handlers: PeerHandlers;
  /** Called for each new connection, before anything is read from it. */
  onPeer?(peer: Peer): void;
  limits?: Partial<PeerLimits>;
}

/** A listening socket and its connections. */
export interface PeerServer {
  readonly host: string;
  readonly port: number;
  readonly peers: ReadonlySet<Peer>;
  /** Connections that were closed at once, since there were too many, or that the system could not open. */
  readonly refused: number;
  /** Stops accepting new connections; open ones go on. */
  stopAccepting(): void;
  /** Stops accepting, closes every connection and resolves when all are gone. */
  close(): Promise<void>;
}

/** Starts to listen. Rejects with the system's error, as EADDRINUSE. */
export async function listenPeers(options: ListenPeersOptions): Promise<PeerServer> {
  const limits = peerLimits(options.limits);
  const peers = new Set<Peer>();
  const handlers: PeerHandlers = withoutPeer(options.handlers, peers);
  let refused = 0;
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    if (peers.size >= limits.connectionsMax) {
      refused++;
      socket.destroy();
    } else accept(socket, handlers, limits, peers, (peer) => options.onPeer?.(peer));
  });
  await listen(server, options.port, options.host ?? '0.0.0.0');
  // The process may open no more files, or the connection broke before it was accepted. Those that are open go on.
  server.on('error', () => refused++);
  const { address, port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const stop = (): Promise<void> => (closing ??= new Promise((resolve) => server.close(() => resolve())));
  return {
    host: address,
    port,
    peers,
    get refused() {
      return refused;
    },
    stopAccepting: () => void stop(),
    close: async () => {
      const closed = stop();
      for (const peer of peers) peer.close();
      await closed;
    },
  };
}

/** The given handlers, with the closed peer taken out of the set first. */
function withoutPeer(handlers: PeerHandlers, peers: Set<Peer>): PeerHandlers {
  return {
    ...(handlers.onFrame && { onFrame: handlers.onFrame.bind(handlers) }),
    ...(handlers.onReadBatchEnd && { onReadBatchEnd: handlers.onReadBatchEnd.bind(handlers) }),
    ...(handlers.onRequest && { onRequest: handlers.onRequest.bind(handlers) }),
    onClose: (peer, error) => {
      peers.delete(peer);
      handlers.onClose?.(peer, error);
    },
  };
}

function accept(
  accepted: Socket,
  handlers: PeerHandlers,
  limits: PeerLimits,
  peers: Set<Peer>,
  onPeer: (peer: Peer) => void,
): void {
  const binding = new SocketBinding();
  const adopted = adoptWithOnread(accepted, binding.onread);
  const socket = adopted ?? accepted;
  const peer = new Peer(socket, handlers, limits);
  peers.add(peer);
  binding.bind(socket, peer);
  onPeer(peer);
  if (adopted === undefined) {
    accepted.on('data', (chunk: Buffer) => void peer.receive(chunk, chunk.length));
    accepted.resume();
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
