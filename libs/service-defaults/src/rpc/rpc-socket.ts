import type { Socket } from 'node:net';
import { BrokenProtocolError, FRAME_BYTES_MAX, FrameReader } from './frame-reader.js';
import { isTooDeep } from './json-depth.js';
import { MAC_LENGTH } from './session-keys.js';
import type { SessionKeys } from './session-keys.js';

/** Corked bytes are written at once when there are more: a socket with 16 KiB to write tells its writer to wait. */
const CORKED_BYTES_MAX = 8 * 1024;
/** A peer that reads nothing gets no more than this. */
export const UNREAD_BYTES_MAX = 1024 * 1024;
/** A machine that vanished sends no reset; its connection is found dead after this and some probes of the kernel. */
const KEEP_ALIVE_MS = 15_000;

export type Message = Readonly<Record<string, unknown>>;

export interface RpcSocketOptions {
  readonly onMessage: (message: Message) => void;
  /** Once, when nothing more will come. */
  readonly onClose: (error: Error | undefined) => void;
}

/**
 * One end of a connection between two services: JSON objects in frames, signed when the session has keys. It is corked for one
 * turn of the event loop, so that all messages of a turn leave in one write: a round trip to the database that many requests share
 * ends for all of them at once, and each request then calls the next service. No message waits for this, because the turn ends as
 * soon as everything that has arrived is read.
 */
export class RpcSocket {
  /** From the moment they are set, everything that comes and goes is signed with them. */
  keys: SessionKeys | undefined;
  private isCorked = false;
  private isClosed = false;
  private readonly reader: FrameReader;

  constructor(
    private readonly socket: Socket,
    private readonly options: RpcSocketOptions,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.reader = new FrameReader({
      onFrame: (body) => this.read(body),
      onBroken: (error) => this.destroy(error),
    });
    socket.on('data', (chunk: Buffer) => this.reader.push(chunk));
    socket.on('error', (error) => this.closed(error));
    socket.on('close', () => this.closed(undefined));
  }

  set frameBytesMax(bytes: number) {
    this.reader.bytesMax = bytes;
  }

  /** What was sent and is not in the hands of the kernel yet. */
  get unreadBytes(): number {
    return this.socket.writableLength;
  }

  /** @throws when the message is too long for a frame */
  send(message: object): void {
    if (this.isClosed) return;
    const json = JSON.stringify(message);
    const length = Buffer.byteLength(json) + (this.keys ? MAC_LENGTH : 0);
    if (length > FRAME_BYTES_MAX) throw new Error(`a message of ${length} bytes is longer than a frame may be`);
    this.cork();
    this.socket.write(`${length}#${this.keys ? this.keys.sign(json) : ''}${json}`);
    if (this.socket.writableLength > UNREAD_BYTES_MAX) this.destroy(new BrokenProtocolError('ANSWERS_UNREAD'));
    else if (this.socket.writableLength > CORKED_BYTES_MAX) this.uncork();
  }

  /** Sends what was handed over, and then ends. */
  end(): void {
    this.uncork();
    this.socket.end();
  }

  destroy(error?: Error): void {
    this.closed(error);
    this.socket.destroy();
  }

  private read(body: Buffer): void {
    try {
      this.options.onMessage(this.parse(body));
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private parse(body: Buffer): Message {
    // Before anything else looks at the bytes.
    if (this.keys && !this.keys.verify(body)) throw new BrokenProtocolError('MAC_WRONG');
    const json = this.keys ? body.subarray(MAC_LENGTH) : body;
    if (isTooDeep(json)) throw new BrokenProtocolError('JSON_TOO_DEEP');
    let message: unknown;
    try {
      message = JSON.parse(json.toString());
    } catch {
      throw new BrokenProtocolError('JSON_MALFORMED');
    }
    if (typeof message !== 'object' || message === null) throw new BrokenProtocolError('JSON_MALFORMED');
    return message as Message;
  }

  private closed(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reader.close();
    this.options.onClose(error);
  }

  private cork(): void {
    if (this.isCorked) return;
    this.isCorked = true;
    this.socket.cork();
    setImmediate(() => this.uncork());
  }

  private uncork(): void {
    if (!this.isCorked) return;
    this.isCorked = false;
    this.socket.uncork();
  }
}
