import { ClientTCP } from '@nestjs/microservices';
import type { WritePacket } from '@nestjs/microservices';
import { GatheringSocket } from './gathering-socket.js';
import { currentTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';

/** Nest's TCP client for calls that have one answer, which is a promise here: an observable of it costs as much as the call. */
export class RpcConnection extends ClientTCP {
  constructor(host: string, port: number) {
    super({ host, port, socketClass: GatheringSocket });
  }

  /** Whether a call can be sent without waiting for `connect()`. */
  get isOpen(): boolean {
    return this.socket?.netSocket.readyState === 'open';
  }

  /** Sends a call on the connection as it is. @returns the answer, its `err` set where there was a fault; undefined when none came in time */
  ask(pattern: string, data: object, waitMs: number): Promise<WritePacket | undefined> {
    const trace = currentTrace();
    const metadata = trace ? { [TRACEPARENT_HEADER]: trace.traceparent } : undefined;
    return new Promise((resolve) => {
      let forget = (): void => {};
      const settle = (answer?: WritePacket): void => {
        clearTimeout(limit);
        forget();
        resolve(answer);
      };
      const limit = setTimeout(settle, waitMs);
      forget = this.publish({ pattern, data, ...(metadata ? { metadata } : {}) }, settle);
    });
  }
}
