import type { OnApplicationShutdown } from '@nestjs/common';
import { checkDurations } from '@rocketshop/pg';
// The main entry gives its agent to the process's global fetch, which Node has built for another version of undici.
import Agent from 'undici/lib/dispatcher/agent.js';
import { JsonExchange } from './json-client-exchange.js';
import type { JsonAnswer } from './json-client-exchange.js';

export interface JsonClientOptions {
  /** Limit of a whole call: waiting for a connection, sending, and receiving the answer to its last byte. */
  readonly timeoutMs: number;
  /** Connections to one origin. Further calls wait for a free one. @default 64 */
  readonly connectionsMax?: number;
  /** A longer answer fails the call as soon as the limit is passed. @default 1 MiB */
  readonly answerBytesMax?: number;
}

const CONNECTIONS_MAX = 64;
const ANSWER_BYTES_MAX = 1024 * 1024;

type Headers = Readonly<Record<string, string>>;

const CONTENT_TYPE = { 'content-type': 'application/json' };

/**
 * Gets and posts JSON, at services outside the shop, by http and https over kept connections. It tries a call once and follows no
 * redirect: a 3xx is an answer, and no success. It forwards nothing of the request being served, neither trace nor
 * token. A call that is dispatched on the agent costs 130 µs of CPU; `request` costs 190 µs and fetch 1300 µs.
 */
export class JsonClient implements OnApplicationShutdown {
  private readonly agent: Agent;

  /** @throws {InvalidLimitsError} */
  constructor(private readonly options: JsonClientOptions) {
    checkDurations(options);
    this.agent = new Agent({
      connections: options.connectionsMax ?? CONNECTIONS_MAX,
      maxResponseSize: options.answerBytesMax ?? ANSWER_BYTES_MAX,
      connect: { timeout: options.timeoutMs },
      // The exchange limits the whole call by itself.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * @param json the body as text, because a signature may cover exactly these bytes
   * @throws {HttpCallError} when there is no answer; every status is an answer
   * @throws {TypeError} when the URL is invalid
   */
  post(url: string | URL, json: string, headers?: Headers): Promise<JsonAnswer> {
    return this.call(url, {
      method: 'POST',
      headers: headers === undefined ? CONTENT_TYPE : { ...CONTENT_TYPE, ...headers },
      body: json,
    });
  }

  /**
   * @param timeoutMs limit of this call, where it is shorter than that of the client
   * @throws {HttpCallError} when there is no answer; every status is an answer
   * @throws {TypeError} when the URL is invalid
   */
  get(url: string | URL, headers: Headers = {}, timeoutMs = Infinity): Promise<JsonAnswer> {
    return this.call(url, { method: 'GET', headers }, timeoutMs);
  }

  private async call(
    url: string | URL,
    request: { readonly method: 'GET' | 'POST'; readonly headers: Headers; readonly body?: string },
    timeoutMs = Infinity,
  ): Promise<JsonAnswer> {
    const { origin, pathname, search } = typeof url === 'string' ? new URL(url) : url;
    return new Promise((resolve, reject) => {
      const exchange = new JsonExchange(origin, Math.min(timeoutMs, this.options.timeoutMs), resolve, reject);
      this.agent.dispatch({ ...request, origin, path: pathname + search }, exchange);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Closes the connections. Running calls and later calls fail at once. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
