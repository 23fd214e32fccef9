import type { Dispatcher } from 'undici';
import { HttpCallError } from '../errors.js';

export interface JsonAnswer {
  /** 200 to 599, redirects included. */
  readonly status: number;
  /** The body, unchecked. */
  readonly text: string;
}

/** 2xx. */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** One call and its answer, with one timer for the whole exchange. It settles once. */
export class JsonExchange implements Dispatcher.DispatchHandler {
  private readonly timer: NodeJS.Timeout;
  private readonly chunks: Buffer[] = [];
  private controller: Dispatcher.DispatchController | undefined;
  private failure: HttpCallError | undefined;
  private status = 0;

  constructor(
    private readonly origin: string,
    timeoutMs: number,
    private readonly resolve: (answer: JsonAnswer) => void,
    private readonly reject: (error: HttpCallError) => void,
  ) {
    this.timer = setTimeout(() => this.fail(`no answer in ${timeoutMs} ms`), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The timer ended while the call waited for a connection, so the call is not sent any more.
    if (this.failure !== undefined) controller.abort(this.failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.timer);
    const [first] = this.chunks;
    const body = this.chunks.length > 1 ? Buffer.concat(this.chunks) : first;
    this.resolve({ status: this.status, text: body?.toString() ?? '' });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error.message, error);
  }

  private fail(reason: string, cause?: Error): void {
    if (this.failure !== undefined) return;
    clearTimeout(this.timer);
    this.failure = new HttpCallError(`${this.origin}: ${reason}`, { cause });
    this.controller?.abort(this.failure);
    this.reject(this.failure);
  }
}
