import { AdminClient } from '@rocketshop/mq-client';
import { startApacheRocketmq, until } from '@rocketshop/shop-testkit';
import type { ApacheRocketmq } from '@rocketshop/shop-testkit';
import { javaClient, rocketshopClient } from '../clients/client-programs.js';
import { mixedGroup } from '../mixed-group.js';
import { runPart } from '../report.js';
import type { Row } from '../report.js';
import { sendAndConsume } from '../send-and-consume.js';
import { clientOnApache } from './client-on-apache.js';
import { shopOnApache } from './shop-on-apache.js';

const APACHE_VERSION = '5.5.0';
/** Divides the delays of the shop. */
const TIME_SCALE = 60;

/**
 * RocketMQ's delay levels, 60 times shorter. Apache RocketMQ takes whole seconds only, so the four levels below a minute take one
 * second. A message then comes later than the shop expects, and never earlier.
 */
const MESSAGE_DELAY_LEVEL = [1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 60, 120].map((s) => `${s}s`).join(' ');

/** Runs our client and the shop on Apache RocketMQ. */
export async function onApache(): Promise<Row[]> {
  console.log(`starting Apache RocketMQ ${APACHE_VERSION} ...`);
  const apache = await startApacheRocketmq({
    version: APACHE_VERSION,
    heap: '1g',
    properties: { messageDelayLevel: MESSAGE_DELAY_LEVEL, mappedFileSizeCommitLog: String(64 * 1024 * 1024) },
  });
  const admin = new AdminClient({ namesrvAddr: apache.namesrvAddr });
  await admin.start();
  try {
    await untilRegistered(admin);
    return await play(apache, admin);
  } finally {
    await admin.shutdown();
    await apache.stop();
  }
}

async function play(apache: ApacheRocketmq, admin: AdminClient): Promise<Row[]> {
  const { namesrvAddr } = apache;
  const rows: Row[] = [];
  const part = async (title: string, run: () => Promise<Row[]>): Promise<void> => {
    for (const row of await runPart(`${title} on Apache RocketMQ`, run))
      rows.push({ ...row, client: `${row.client} on Apache` });
  };
  await part('our client', () => sendAndConsume(rocketshopClient, namesrvAddr, admin));
  await part('our client, further,', () => clientOnApache(namesrvAddr, admin));
  await part('two of our consumers', () => mixedGroup(rocketshopClient, rocketshopClient, namesrvAddr, admin));
  const java = await javaClient(APACHE_VERSION);
  await part('a mixed group', () => mixedGroup(java, rocketshopClient, namesrvAddr, admin));
  await part('the shop', () => shopOnApache(apache, TIME_SCALE));
  return rows;
}

/** Waits until the name server knows the broker: the broker's port answers earlier. */
async function untilRegistered(admin: AdminClient): Promise<void> {
  await until(async () => (await admin.fetchClusterInfo()).brokerAddrTable.size > 0, {
    timeoutMs: 30_000,
    description: 'Apache RocketMQ to register with its name server',
  });
}
