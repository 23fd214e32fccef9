import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNameServer } from '@rocketshop/mq-broker';
import type { NameServer } from '@rocketshop/mq-broker';
import { connectPeer, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { askRaw } from './raw-request.js';

/** A name server of its own on a free port, with a clock that the story sets, and raw connections to it. */
export class NameServerUnderTest {
  /** The name server's wall clock, ms. */
  now = Date.now();
  private readonly peers: Peer[] = [];

  private constructor(
    private readonly folder: string,
    private nameServer?: NameServer,
  ) {}

  static async start(): Promise<NameServerUnderTest> {
    const underTest = new NameServerUnderTest(await mkdtemp(join(tmpdir(), 'rocketshop-nameserver-')));
    underTest.nameServer = await startNameServer({
      port: 0,
      kvConfigPath: join(underTest.folder, 'kvConfig.json'),
      clock: () => underTest.now,
      scanIntervalMs: 20,
    });
    return underTest;
  }

  async connect(): Promise<Peer> {
    const peer = await connectPeer({ host: '127.0.0.1', port: this.nameServer?.port ?? 0 });
    this.peers.push(peer);
    return peer;
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.close();
    await this.nameServer?.close();
    await rm(this.folder, { recursive: true });
  }
}

export async function routeText(peer: Peer, topic: string, version = 409): Promise<string> {
  const answer = await askRaw(peer, RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic }, { version });
  return answer.code === ResponseCode.SUCCESS ? String(answer.body) : `code ${answer.code}`;
}
