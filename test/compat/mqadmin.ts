import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Producer, PushConsumer } from '@rocketshop/mq-client';
import type { AdminClient } from '@rocketshop/mq-client';
import { fetchJars, loadTestkitConfig } from '@rocketshop/shop-testkit';
import { JAVA_FLAGS } from './clients/client-programs.js';
import type { JavaVersion } from './clients/client-programs.js';
import { adminCommands } from './mqadmin-commands.js';
import type { AdminScene } from './mqadmin-commands.js';
import { checkRow } from './report.js';
import type { Row } from './report.js';
import type { Servers } from './our-servers.js';
import { removeScratchFolder, scratchFolder } from './scratch-folder.js';
import { untilCommitted } from './until-committed.js';

const run = promisify(execFile);
const COMMAND_LIMIT_MS = 60_000;
const MESSAGES = 100;

/** mqadmin's commands against a broker with one topic, an online producer and an online consumer: a row a command. */
export async function mqadmin(version: JavaVersion, servers: Servers, admin: AdminClient): Promise<Row[]> {
  const lib = await fetchJars(`tools-${version}`, [{ name: 'rocketmq-tools', version }]);
  const home = scratchFolder('mqadmin');
  // 4.9 wants this file, and stops without it.
  mkdirSync(join(home, 'conf'));
  writeFileSync(join(home, 'conf/logback_tools.xml'), '<configuration><root level="ERROR"/></configuration>');
  const execute = async (args: readonly string[]): Promise<string> => {
    const properties = [`-Duser.home=${home}`, `-Drocketmq.home.dir=${home}`];
    const main = ['-cp', `${lib}/*`, 'org.apache.rocketmq.tools.command.MQAdminStartup'];
    const { stdout, stderr } = await run('java', [...JAVA_FLAGS, ...properties, ...main, ...args], {
      cwd: home,
      env: { PATH: loadTestkitConfig().path, HOME: home },
      timeout: COMMAND_LIMIT_MS,
      maxBuffer: 16 * 1024 * 1024,
    });
    return `${stdout}\n${stderr}`;
  };
  const stage = await Stage.set(version, servers, admin);
  const rows: Row[] = [];
  try {
    for (const { name, args, check } of adminCommands(stage.scene)) {
      rows.push(
        await checkRow(`mqadmin ${version}`, name, async () => {
          const output = await execute([...args]);
          const wrong = check(output);
          if (wrong) throw new Error(`${wrong}; it printed: ${output.trim().slice(0, 600)}`);
        }),
      );
    }
  } finally {
    await stage.clear();
    removeScratchFolder(home);
  }
  return rows;
}

/** What the commands look at. */
class Stage {
  private constructor(
    readonly scene: AdminScene,
    private readonly producer: Producer,
    private readonly consumer: PushConsumer,
  ) {}

  static async set(version: JavaVersion, { namesrvAddr, brokerAddr }: Servers, admin: AdminClient): Promise<Stage> {
    const name = `compat-mqadmin-${version.replaceAll('.', '-')}`;
    const topic = `${name}-orders`;
    const group = `${name}-consumers`;
    const producerGroup = `${name}-producers`;
    await admin.createTopic(topic, { readQueueNums: 4 });
    const producer = new Producer({ namesrvAddr, producerGroup });
    await producer.start();
    for (let n = 0; n < MESSAGES; n++) await producer.send({ topic, body: Buffer.from(`message ${n}`) });
    const consumer = new PushConsumer({
      namesrvAddr,
      consumerGroup: group,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      persistConsumerOffsetInterval: 200,
    });
    consumer.subscribe(topic);
    consumer.registerMessageListener(() => 'CONSUME_SUCCESS');
    await consumer.start();
    await untilCommitted(admin, group, topic);
    const scene = { name, namesrvAddr, brokerAddr, topic, group, producerGroup, messages: MESSAGES };
    return new Stage(scene, producer, consumer);
  }

  async clear(): Promise<void> {
    await this.consumer.shutdown();
    await this.producer.shutdown();
  }
}
