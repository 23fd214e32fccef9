import type { Socket } from 'node:net';
import { BrokenProtocolError, FRAME_BYTES_MAX, FrameReader } from './frame-reader.js';
import { isTooDeep } from './json-depth.js';
import { MAC_LENGTH } from './session-keys.js';
import type { SessionKeys } from './session-keys.js';

/** Messages that wait for the end of the turn are written at once when they are longer: the peer can begin to read. */
const FRAME_BYTES_WANTED = 8 * 1024;
/** The two brackets of a list of messages are counted too. */
const MESSAGE_BYTES_MAX = FRAME_BYTES_MAX - MAC_LENGTH - 2;
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
 * One end of a connection between two services: JSON objects in frames, signed when the session has keys. All messages of one turn
 * of the event loop leave in one frame: a round trip to the database that many requests share ends for all of them at once, and
 * each request then calls the next service. No message waits for this, because the turn ends as soon as everything that has arrived
 * is read. A MAC for each message would cost a busy service more CPU time than all the rest of its calls.
 */
export class RpcSocket {
  private sessionKeys: SessionKeys | undefined;
  /** The JSON of messages for the next frame, and its length in bytes with the commas and brackets between them. */
  private waiting: string[] = [];
  private waitingBytes = 0;
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

  /** From now on everything that comes and goes is signed with these keys. */
  signWith(keys: SessionKeys): void {
    this.flush();
    this.sessionKeys = keys;
  }

  /** What was sent and is not in the hands of the kernel yet. */
  get unreadBytes(): number {
    return this.socket.writableLength + this.waitingBytes;
  }

  /** @throws when the message is too long for a frame */
  send(message: object): void {
    if (this.isClosed) return;
    const json = JSON.stringify(message);
    const length = Buffer.byteLength(json);
    if (length > MESSAGE_BYTES_MAX) throw new Error(`a message of ${length} bytes is longer than a frame may be`);
    if (this.waitingBytes + length > MESSAGE_BYTES_MAX) this.flush();
    if (this.waiting.length === 0) setImmediate(() => this.flush());
    this.waiting.push(json);
    this.waitingBytes += length + 1;
    if (this.waitingBytes > FRAME_BYTES_WANTED) this.flush();
  }

  /** Sends what was handed over, and then ends. */
  end(): void {
    this.flush();
    this.socket.end();
  }

  destroy(error?: Error): void {
    this.closed(error);
    this.socket.destroy();
  }

  private flush(): void {
    const { waiting, sessionKeys } = this;
    const [first] = waiting;
    if (first === undefined || this.isClosed) return;
    const length = waiting.length === 1 ? this.waitingBytes - 1 : this.waitingBytes + 1;
    const json = waiting.length === 1 ? first : `[${waiting.join(',')}]`;
    this.waiting = [];
    this.waitingBytes = 0;
    this.socket.write(sessionKeys ? `${length + MAC_LENGTH}#${sessionKeys.sign(json)}${json}` : `${length}#${json}`);
    if (this.socket.writableLength > UNREAD_BYTES_MAX) this.destroy(new BrokenProtocolError('ANSWERS_UNREAD'));
  }

  private read(body: Buffer): void {
    const keys = this.sessionKeys;
    try {
      for (const message of messagesIn(this.parse(body))) {
        // What stands behind a hello in its frame has no MAC.
        if (this.sessionKeys !== keys) throw new BrokenProtocolError('MAC_MISSING');
        if (this.isClosed) return;
        this.options.onMessage(message);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private parse(body: Buffer): unknown {
    const keys = this.sessionKeys;
    // Before anything else looks at the bytes.
    if (keys && !keys.verify(body)) throw new BrokenProtocolError('MAC_WRONG');
    const json = keys ? body.subarray(MAC_LENGTH) : body;
    if (isTooDeep(json)) throw new BrokenProtocolError('JSON_TOO_DEEP');
    try {
      return JSON.parse(json.toString());
    } catch {
      throw new BrokenProtocolError('JSON_MALFORMED');
    }
  }

  private closed(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reader.close();
    this.options.onClose(error);
  }
}

function messagesIn(json: unknown): readonly Message[] {
  const messages: readonly unknown[] = Array.isArray(json) ? json : [json];
  if (messages.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one))) {
    return messages as readonly Message[];
  }
  throw new BrokenProtocolError('JSON_MALFORMED');
}
