import { JsonSocket } from '@nestjs/microservices';

/** A socket with 16 KiB to write tells Nest to stop reading until it has drained. This limit keeps away from that. */
const CORKED_BYTES_MAX = 8 * 1024;

/**
 * Nest's socket for JSON messages, corked for one turn of the event loop: all messages of a turn leave in one write.
 * A round trip to the database that many requests share ends for all of them at once, and each request then calls the
 * next service. One write for each message would cost more than the rest of the call. No message waits for this,
 * because the turn ends as soon as everything that has arrived is read.
 */
export class CorkedSocket extends JsonSocket {
  private isCorked = false;

  protected override handleSend(message: unknown, callback?: (error?: unknown) => void): void {
    this.cork();
    super.handleSend(message, callback);
    if (this.socket.writableLength > CORKED_BYTES_MAX) this.uncork();
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
