import { JsonSocket } from '@nestjs/microservices';

/** Below the 16 KiB from which a socket tells Nest to stop reading until it has drained. */
const GATHER_BYTES_MAX = 8 * 1024;

/**
 * Nest's socket for JSON messages, which here writes once for all messages of one turn of the event loop. A round trip
 * to the database that many requests share ends for all of them at once, and each then calls the next service; a write
 * for each would cost more than all else that a call does. Nobody waits: the turn is over when what has arrived is read.
 */
export class GatheringSocket extends JsonSocket {
  private isGathering = false;

  protected override handleSend(message: unknown, callback?: (error?: unknown) => void): void {
    this.gather();
    super.handleSend(message, callback);
    if (this.socket.writableLength > GATHER_BYTES_MAX) this.write();
  }

  private gather(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    this.socket.cork();
    setImmediate(() => this.write());
  }

  private write(): void {
    if (!this.isGathering) return;
    this.isGathering = false;
    this.socket.uncork();
  }
}
