import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connectPeer, MQ_VERSION, newDataVersion, RegisterBroker, registerBrokerBody } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';

/** A server that accepts connections, reads what is sent, and answers with `answer` at the first read, or with nothing. */
export class SilentServer {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(answer: Buffer = Buffer.alloc(0)): Promise<SilentServer> {
    const server = createServer();
    const silent = new SilentServer(server);
    server.on('connection', (socket) => {
      silent.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => silent.sockets.delete(socket));
      socket.once('data', () => socket.write(answer)).resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return silent;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/**
 * Tells a name server of a broker, as the broker itself would: so a broker can have the address of a proxy before it. The
 * name server forgets the broker when the returned connection ends.
 */
export async function registerBroker(
  namesrvAddr: string,
  brokerName: string,
  brokerAddr: string,
  topics: readonly string[],
): Promise<Peer> {
  const [host = '', port = ''] = namesrvAddr.split(':');
  const peer = await connectPeer({ host, port: Number(port) });
  const topicConfigTable = new Map(
    // A name server takes a single topic for a change of a broker that it knows.
    [...topics, 'another-topic'].map((topicName) => [
      topicName,
      {
        topicName,
        readQueueNums: 2,
        writeQueueNums: 2,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: 0,
        order: false,
        attributes: {},
      },
    ]),
  );
  const body = registerBrokerBody.encode({
    topicConfigs: { dataVersion: newDataVersion(Date.now()), topicConfigTable },
    filterServerList: [],
  });
  const header = {
    brokerName,
    brokerAddr,
    clusterName: 'DefaultCluster',
    brokerId: 0,
    haServerAddr: '',
    compressed: false,
    bodyCrc32: 0,
  };
  const answer = await peer.request(RegisterBroker.createRequest(header, { version: MQ_VERSION, body }), 3_000);
  if (answer.code !== 0) throw new Error(`the name server refused the broker: ${answer.remark}`);
  return peer;
}

const LISTEN =
  "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))";
/** A connection on this machine is open within microseconds. */
const UNANSWERED_AFTER_MS = 200;

/** A frozen process whose list of waiting connections is full: the kernel answers no further attempt to connect. */
export class UnreachableServer {
  private constructor(
    readonly address: string,
    private readonly child: ChildProcess,
    private readonly sockets: readonly Socket[],
  ) {}

  static async start(): Promise<UnreachableServer> {
    const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(line.toString());
    child.kill('SIGSTOP');
    const sockets: Socket[] = [];
    while (await isAnswered(port, sockets));
    return new UnreachableServer(`127.0.0.1:${port}`, child, sockets);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

function isAnswered(port: number, sockets: Socket[]): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), UNANSWERED_AFTER_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
