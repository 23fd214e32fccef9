import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import { ServerTCP, TcpContext } from '@nestjs/microservices';
import type { AddressInfo } from 'node:net';
import { CorkedSocket } from './corked-socket.js';
import { continueTrace, runWithTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';

const DRAIN_LIMIT_MS = 5_000;

export interface RpcServerOptions {
  readonly host: string;
  /** 0 lets the system choose; `listeningPort` tells which. */
  readonly port: number;
}

/** Nest's TCP server. It continues the caller's trace, and close() answers the running calls before it disconnects. */
export class RpcServer extends ServerTCP implements CustomTransportStrategy {
  private inFlight = 0;
  private onIdle: (() => void) | undefined;

  constructor(options: RpcServerOptions) {
    super({ host: options.host, port: options.port, socketClass: CorkedSocket });
    // Nest uses the hook's return value as the outcome of the call, although the type says void.
    this.setOnProcessingStartHook((_transport, context, done): unknown => {
      this.inFlight++;
      const metadata = context instanceof TcpContext ? context.getMetadata() : undefined;
      return runWithTrace(continueTrace(metadata?.[TRACEPARENT_HEADER]), done);
    });
    this.setOnProcessingEndHook(() => this.finished());
  }

  /** The port that the server listens on. */
  get listeningPort(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Our patterns are plain words. Nest would first parse each as JSON, and the exception costs time on every call. */
  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return this.messageHandlers.get(pattern) ?? super.getHandlerByPattern(pattern);
  }

  // oxlint-disable-next-line typescript/no-misused-promises -- Nest awaits close(), although its type is void
  override async close(): Promise<void> {
    this.server.close();
    if (this.inFlight > 0) await this.idle();
    // An answer is sent in the tick after its call has finished, and written when that turn of the event loop ends.
    // Closing any earlier would lose it.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    super.close();
  }

  private finished(): void {
    this.inFlight--;
    if (this.inFlight === 0) this.onIdle?.();
  }

  private idle(): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, DRAIN_LIMIT_MS);
      this.onIdle = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  }
}
