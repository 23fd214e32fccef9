import { startBroker } from '@rocketshop/mq-broker';
import { connectPeer, createRequest, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';

const ANSWER_TIMEOUT_MS = 5_000;

/** What a server says to a request without fields: 3 means that it does not know the code; anything else, that it does. */
async function servedCodes(port: number): Promise<ReadonlySet<number>> {
  const served = new Set<number>();
  const peer = await connectPeer({ host: '127.0.0.1', port, connectTimeoutMs: ANSWER_TIMEOUT_MS, handlers: {} });
  try {
    for (const code of Object.values(RequestCode)) {
      if (await serves(peer, code)) served.add(code);
    }
  } finally {
    peer.close();
  }
  return served;
}

async function serves(peer: Peer, code: number): Promise<boolean> {
  const answer = await peer.request(createRequest(code, {}), ANSWER_TIMEOUT_MS);
  return answer.code !== ResponseCode.REQUEST_CODE_NOT_SUPPORTED;
}

/** The page docs/protocol.md, made by asking a running broker and name server for every code there is. */
export async function renderProtocolPage(): Promise<string> {
  const broker = await startBroker();
  try {
    const [nameServerPort] = broker.namesrvAddr.split(':').slice(-1).map(Number);
    const atBroker = await servedCodes(broker.port);
    const atNameServer = await servedCodes(nameServerPort ?? 0);
    return page(atBroker, atNameServer);
  } finally {
    await broker.close();
  }
}

function page(atBroker: ReadonlySet<number>, atNameServer: ReadonlySet<number>): string {
  const rows = Object.entries(RequestCode)
    .toSorted(([, a], [, b]) => a - b)
    .map(([name, code]) => `| ${code} | ${name} | ${mark(atBroker, code)} | ${mark(atNameServer, code)} |`);
  return `# The protocol

Apache RocketMQ's remoting protocol, frame by frame: [mq-protocol](../libs/mq-protocol/README.md) has its grammar. This page says which
requests are served. It is made by asking a running broker and name server (\`npm run docs:protocol\`), and a test asks again.

- A code that is not served is answered with 3, \` request type N not supported\`, and the connection stays usable.
- A one-way request is never answered, not even with an error.
- Headers may be JSON or binary (\`ROCKETMQ\`); the answer comes in the form of the request.
- What is refused although its code is served, and with what, is in [mq-broker's README](../libs/mq-broker/README.md).

| Code | Name | Broker | Name server |
|---|---|---|---|
${rows.join('\n')}
`;
}

const mark = (served: ReadonlySet<number>, code: number) => (served.has(code) ? 'yes' : '');
