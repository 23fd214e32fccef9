import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RequestCode, ResponseCode } from '@rocketshop/mq-protocol';
import type { Peer } from '@rocketshop/mq-protocol';
import { BrokerUnderTest, send } from './support/broker-under-test.js';
import { askRaw } from './support/raw-request.js';

/** Row 60 of the conformance list: what an administrator may set in a running broker. */
describe('an administrator', () => {
  let broker: BrokerUnderTest;
  let peer: Peer;

  const configText = async (): Promise<string> => {
    const answer = await askRaw(peer, RequestCode.GET_BROKER_CONFIG, {});
    return String(answer.body);
  };

  beforeEach(async () => {
    broker = await BrokerUnderTest.start();
    peer = await broker.connect();
  });

  afterEach(() => broker.close());

  it.each([
    'brokerConfigPath',
    'rocketmqHome',
    'configBlackList',
    'storePathRootDir',
    'filterServerNums',
    'namesrvAddr',
  ])('may not set %s (row 60)', async (key) => {
    const before = await configText();
    const body = Buffer.from(`autoCreateTopicEnable=false\n${key}=/tmp/owned\n`);
    expect((await askRaw(peer, RequestCode.UPDATE_BROKER_CONFIG, {}, { body })).code).toBe(ResponseCode.NO_PERMISSION);
    expect(await configText()).toBe(before);
  });

  it('may switch off that topics appear by themselves, which holds at once', async () => {
    const body = Buffer.from('autoCreateTopicEnable=false\n');
    expect((await askRaw(peer, RequestCode.UPDATE_BROKER_CONFIG, {}, { body })).code).toBe(ResponseCode.SUCCESS);
    expect(await configText()).toContain('autoCreateTopicEnable=false\n');
    expect((await send(peer, 'fresh')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  it('finds what was set after a restart, over what the process is started with', async () => {
    const storePathRootDir = await mkdtemp(join(tmpdir(), 'rocketshop-settings-'));
    const first = await BrokerUnderTest.start({ storePathRootDir });
    const body = Buffer.from('brokerPermission=4\n');
    const answer = await askRaw(await first.connect(), RequestCode.UPDATE_BROKER_CONFIG, {}, { body });
    await first.close();
    const logged: string[] = [];
    const second = await BrokerUnderTest.start({
      storePathRootDir,
      brokerPermission: 6,
      log: (_, message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
    });
    const config = String((await askRaw(await second.connect(), RequestCode.GET_BROKER_CONFIG, {})).body);
    await second.close();
    await rm(storePathRootDir, { recursive: true });
    expect(answer.code).toBe(ResponseCode.SUCCESS);
    expect(config).toContain('brokerPermission=4\n');
    expect(logged.join('\n')).toContain('"brokerPermission":"4"');
  });
});
