import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startNameServer } from '@rocketshop/mq-broker';
import type { NameServer, StartNameServerOptions } from '@rocketshop/mq-broker';
import { connectPeer, RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { askRaw } from './support/raw-request.js';

/** Rows 16 and 18 of the conformance list: what an administrator keeps in a name server and may set there. */
describe('the configuration of a name server', () => {
  let folder: string;
  let nameServer: NameServer;
  let peers: Peer[];

  const start = (options: Partial<StartNameServerOptions> = {}): Promise<NameServer> =>
    startNameServer({ port: 0, kvConfigPath: join(folder, 'kvConfig.json'), ...options });

  const connect = async (): Promise<Peer> => {
    const peer = await connectPeer({ host: nameServer.host, port: nameServer.port });
    peers.push(peer);
    return peer;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rocketshop-nameserver-'));
    peers = [];
    nameServer = await start();
  });

  afterEach(async () => {
    for (const peer of peers) peer.close();
    await nameServer.close();
    await rm(folder, { recursive: true });
  });

  it('keeps KV configuration over a restart (row 16)', async () => {
    const peer = await connect();
    const kv = { namespace: 'N', key: 'k' };
    expect((await askRaw(peer, RequestCode.GET_KV_CONFIG, kv)).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    await askRaw(peer, RequestCode.PUT_KV_CONFIG, { ...kv, value: 'v' });
    expect((await askRaw(peer, RequestCode.GET_KV_CONFIG, kv)).extFields?.value).toBe('v');
    expect(String((await askRaw(peer, RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: 'N' })).body)).toBe(
      '{"table":{"k":"v"}}',
    );

    await nameServer.close();
    nameServer = await start();
    const again = await connect();
    expect((await askRaw(again, RequestCode.GET_KV_CONFIG, kv)).extFields?.value).toBe('v');
    await askRaw(again, RequestCode.DELETE_KV_CONFIG, kv);
    expect((await askRaw(again, RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: 'N' })).code).toBe(22);
    expect(JSON.parse(await readFile(join(folder, 'kvConfig.json'), 'utf8'))).toMatchObject({ configTable: {} });
  });

  it.each(['configStorePath', 'kvConfigPath', 'rocketmqHome', 'configBlackList', 'listenPort'])(
    'lets nobody set %s, and writes nothing (row 18)',
    async (key) => {
      for (const configUpdateEnable of [false, true]) {
        await nameServer.close();
        nameServer = await start({ configUpdateEnable });
        const body = Buffer.from(`enableTopicList=false\n${key}=/tmp/owned\n`);
        const answer = await askRaw(await connect(), RequestCode.UPDATE_NAMESRV_CONFIG, {}, { body });
        expect(answer.code).toBe(ResponseCode.NO_PERMISSION);
        const config = String((await askRaw(await connect(), RequestCode.GET_NAMESRV_CONFIG, {})).body);
        expect(config).toContain('enableTopicList=true\n');
        expect(await readdir(folder)).toEqual([]);
      }
    },
  );

  it('lets an administrator switch what is harmless, where that is allowed', async () => {
    await nameServer.close();
    nameServer = await start({ configUpdateEnable: true });
    const peer = await connect();
    const body = Buffer.from('enableAllTopicList=false\n');
    expect((await askRaw(peer, RequestCode.UPDATE_NAMESRV_CONFIG, {}, { body })).code).toBe(ResponseCode.SUCCESS);
    const list = await askRaw(peer, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, {});
    expect([list.code, list.remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'disable']);
  });
});
