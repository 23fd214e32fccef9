import { FrameReader } from '../../frame/frame-reader.js';
import type { RemotingCommand } from '../../frame/remoting-command.js';
import type { PeerSocket } from '../peer-socket.js';

/** A socket that takes everything at once, or nothing while it is `blocked`. */
export class FakeSocket implements PeerSocket {
  readonly remoteAddress = '::ffff:10.0.0.5';
  readonly remotePort = 40_000;
  readonly localAddress = '10.0.0.1';
  readonly localPort = 10_911;
  writableLength = 0;
  isBlocked = false;
  isPaused = false;
  isDestroyed = false;
  isEnded = false;
  /** One entry per system call. */
  readonly sent: Buffer[] = [];
  private corked: Buffer[] | undefined;
  private waiting: ((error?: Error | null) => void)[] = [];

  write(bytes: Uint8Array, callback?: (error?: Error | null) => void): boolean {
    const copy = Buffer.from(bytes);
    if (this.corked === undefined) this.sent.push(copy);
    else this.corked.push(copy);
    if (this.isBlocked) this.writableLength += bytes.length;
    if (callback !== undefined) {
      if (this.isBlocked) this.waiting.push(callback);
      else process.nextTick(callback);
    }
    return !this.isBlocked;
  }

  unblock(): void {
    this.isBlocked = false;
    this.writableLength = 0;
    for (const callback of this.waiting.splice(0)) callback();
  }

  cork(): void {
    this.corked = [];
  }

  uncork(): void {
    this.sent.push(Buffer.concat(this.corked ?? []));
    this.corked = undefined;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  commands(): RemotingCommand[] {
    const commands: RemotingCommand[] = [];
    const reader = new FrameReader((view) => commands.push(view.toCommand()) > 0);
    for (const bytes of this.sent) reader.push(bytes);
    return commands;
  }
}
