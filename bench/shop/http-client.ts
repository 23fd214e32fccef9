import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A third of what `fetch` costs in CPU, which the buyers share with the shop they measure. Connections are kept. */
export class HttpClient {
  private readonly agent: Agent;

  constructor(connectionsMax: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connectionsMax, noDelay: true });
  }

  post(url: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const bytes = Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {
        method: 'POST',
        agent: this.agent,
        headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...headers },
      });
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: incoming.statusCode ?? 0, body: (text ? JSON.parse(text) : {}) as Answer['body'] });
        });
        incoming.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(bytes);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
