import { ClientTCP } from '@nestjs/microservices';
import type { WritePacket } from '@nestjs/microservices';
import { TIME_LEFT } from './deadline.js';
import { CorkedSocket } from './corked-socket.js';
import { currentTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';

/** Nest's TCP client, with promises for calls with one answer: an observable costs as much as the call itself. */
export class RpcConnection extends ClientTCP {
  constructor(host: string, port: number) {
    super({ host, port, socketClass: CorkedSocket });
  }

  /** Whether a call can be sent without waiting for `connect()`. */
  get isOpen(): boolean {
    return this.socket?.netSocket.readyState === 'open';
  }

  /**
   * Sends a call on the open connection.
   * @returns the answer, with `err` set after a fault; undefined when no answer came in time
   */
  ask(pattern: string, data: object, waitMs: number): Promise<WritePacket | undefined> {
    const trace = currentTrace();
    const metadata = { [TIME_LEFT]: String(waitMs), ...(trace ? { [TRACEPARENT_HEADER]: trace.traceparent } : {}) };
    return new Promise((resolve) => {
      let forget = (): void => {};
      const settle = (answer?: WritePacket): void => {
        clearTimeout(limit);
        forget();
        resolve(answer);
      };
      const limit = setTimeout(settle, waitMs);
      forget = this.publish({ pattern, data, metadata }, settle);
    });
  }
}
