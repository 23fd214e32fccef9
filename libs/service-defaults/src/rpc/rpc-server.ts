import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import { ServerTCP, TcpContext } from '@nestjs/microservices';
import type { AddressInfo } from 'node:net';
import { GatheringSocket } from './gathering-socket.js';
import { continueTrace, runWithTrace, TRACEPARENT_HEADER } from '../trace/trace-context.js';

const DRAIN_LIMIT_MS = 5_000;

export interface RpcServerOptions {
  readonly host: string;
  /** 0 lets the system choose; read it back from `port`. */
  readonly port: number;
}

/** Nest's TCP server that carries on the caller's trace, and on close answers the calls it has begun before it hangs up. */
export class RpcServer extends ServerTCP implements CustomTransportStrategy {
  private inFlight = 0;
  private onIdle: (() => void) | undefined;

  constructor(options: RpcServerOptions) {
    super({ host: options.host, port: options.port, socketClass: GatheringSocket });
    // Nest takes what the hook returns for the outcome of the call, though its type says void.
    this.setOnProcessingStartHook((_transport, context, done): unknown => {
      this.inFlight++;
      const metadata = context instanceof TcpContext ? context.getMetadata() : undefined;
      return runWithTrace(continueTrace(metadata?.[TRACEPARENT_HEADER]), done);
    });
    this.setOnProcessingEndHook(() => this.finished());
  }

  /** The port that is really listened on. */
  get listeningPort(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Our patterns are words and found as they are; Nest tries to read each as JSON first, and pays for the exception. */
  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return this.messageHandlers.get(pattern) ?? super.getHandlerByPattern(pattern);
  }

  // oxlint-disable-next-line typescript/no-misused-promises -- Nest awaits close(); the base class merely says void
  override async close(): Promise<void> {
    this.server.close();
    if (this.inFlight > 0) await this.idle();
    // An answer is sent in the tick after its call has finished, and written when that turn of the event loop is over;
    // hanging up must not be faster.
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
