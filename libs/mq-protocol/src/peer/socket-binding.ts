import { Socket } from 'node:net';
import type { OnReadOpts } from 'node:net';
import { platform } from 'node:process';
import type { Peer } from './peer.js';

/** Room for some 250 messages of 1 KiB per system call. */
const READ_BUFFER_BYTES = 256 * 1024;
const READ_BUFFER_BYTES_OWN = 64 * 1024;

let shared: Buffer | undefined;

/**
 * The buffer that a socket reads into. On POSIX systems libuv asks for the buffer, reads and calls back without a break, so that all
 * sockets of the thread can share one. Windows reads in the background, so each socket has its own buffer there.
 */
function readBuffer(): Buffer {
  if (platform === 'win32') return Buffer.allocUnsafeSlow(READ_BUFFER_BYTES_OWN);
  shared ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return shared;
}

/** Passes the bytes that a socket reads to its peer, which is made after the socket. */
export class SocketBinding {
  peer: Peer | undefined;

  readonly onread: OnReadOpts = {
    buffer: readBuffer(),
    callback: (bytes, chunk) => this.peer?.receive(chunk as Buffer, bytes) ?? true,
  };

  /** Connects the socket's events with the peer. */
  bind(socket: Socket, peer: Peer): void {
    this.peer = peer;
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => peer.socketClosed(failure));
  }
}

interface SocketInternals {
  _handle?: { readStop?: unknown } | null;
  _server?: unknown;
  server?: unknown;
}

interface AdoptOptions {
  handle: unknown;
  onread: OnReadOpts;
}

/**
 * Gives an accepted socket (of a server with `pauseOnConnect`) a reused read buffer. Node offers `onread` only for outgoing sockets. A
 * second socket around the same handle gives it to accepted sockets too, which saves a Buffer for each read: about 10 % of a loaded
 * broker. The interface is not documented, so this function checks everything that it relies on. Returns undefined when something is
 * missing; the accepted socket is unchanged then.
 */
export function adoptWithOnread(accepted: Socket, onread: OnReadOpts): Socket | undefined {
  const internals = accepted as unknown as SocketInternals;
  const handle = internals._handle;
  if (handle === undefined || handle === null || typeof handle.readStop !== 'function') return undefined;
  const options: AdoptOptions = { handle, onread };
  const adopted = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
  const adoptedInternals = adopted as unknown as SocketInternals;
  if (adoptedInternals._handle !== handle) return undefined;
  // The server counts its open sockets through these two; the old socket must not be counted again.
  adoptedInternals._server = internals._server;
  adoptedInternals.server = internals.server;
  internals._server = null;
  internals._handle = null;
  return adopted;
}
