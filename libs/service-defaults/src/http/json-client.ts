import type { OnApplicationShutdown } from '@nestjs/common';
// The package's own entry makes its agent the one of the process's fetch, which is built for another version of it.
import Agent from 'undici/lib/dispatcher/agent.js';
import { JsonExchange, type JsonAnswer } from './json-client-exchange.js';

export interface JsonClientOptions {
  /** For a whole call: waiting for a connection, sending, and the answer to its last byte. */
  readonly timeoutMs: number;
  /** To one origin; what comes on top waits for its turn. @default 64 */
  readonly connectionsMax?: number;
  /** A longer answer fails the call as soon as it is seen. @default 1 MiB */
  readonly answerBytesMax?: number;
}

const CONNECTIONS_MAX = 64;
const ANSWER_BYTES_MAX = 1024 * 1024;

const CONTENT_TYPE = { 'content-type': 'application/json' };

/**
 * Posts JSON to the outside world over kept connections, http and https. One try, no redirect is followed: a 3xx is an
 * answer, and no success. Nothing of the request being served goes along, no trace and no token.
 * It dispatches on the agent itself, for the streams of fetch cost several times as much as the call.
 */
export class JsonClient implements OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(private readonly options: JsonClientOptions) {
    this.agent = new Agent({
      connections: options.connectionsMax ?? CONNECTIONS_MAX,
      maxResponseSize: options.answerBytesMax ?? ANSWER_BYTES_MAX,
      connect: { timeout: options.timeoutMs },
      // The exchange has one limit for all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * @param json the body as text, since a signature may be over its very bytes
   * @throws {HttpCallError} without an answer; any status is one
   * @throws {TypeError} where the URL is none
   */
  async post(url: string | URL, json: string, headers?: Readonly<Record<string, string>>): Promise<JsonAnswer> {
    const { origin, pathname, search } = typeof url === 'string' ? new URL(url) : url;
    return new Promise((resolve, reject) => {
      const exchange = new JsonExchange(origin, this.options.timeoutMs, resolve, reject);
      this.agent.dispatch(
        {
          origin,
          path: pathname + search,
          method: 'POST',
          headers: headers === undefined ? CONTENT_TYPE : { ...CONTENT_TYPE, ...headers },
          body: json,
        },
        exchange,
      );
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Closes the connections. Calls under way, and later ones, fail at once. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}
