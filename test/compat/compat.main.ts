import { AdminClient } from '@rocketshop/mq-client';
import { missingJavaTools, stopSpawnedServices } from '@rocketshop/shop-testkit';
import { onApache } from './apache/on-apache.js';
import { aliOnsClient, JAVA_VERSIONS, javaClient, rocketshopClient } from './clients/client-programs.js';
import type { JavaVersion } from './clients/client-programs.js';
import { stopRunningClients } from './clients/running-client.js';
import { mixedGroup } from './mixed-group.js';
import { mqadmin } from './mqadmin.js';
import { startOurServers } from './our-servers.js';
import type { Servers } from './our-servers.js';
import { formatTable, runPart } from './report.js';
import type { Row } from './report.js';
import { sendAndConsume } from './send-and-consume.js';

const USAGE = `npm run compat -- [part ...]
Foreign clients and tools on our broker, and our client and shop on Apache RocketMQ. Parts, all of them when none is named:
  java-5.5.0  java-4.9.7  the official Java client sends and consumes every way it knows
  ali-ons                 the client from npm does the same
  mixed-group             a Java and a TypeScript consumer share a group
  mqadmin                 the official administration tools, both versions
  apache                  our client, and the shop's stories, on Apache RocketMQ 5.5.0
Needs Java 17, a JDK and Maven; jars are fetched once into the cache folder.`;

type Part = (servers: Servers, admin: AdminClient) => Promise<Row[]>;

async function forBothVersions(play: (version: JavaVersion) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const version of JAVA_VERSIONS) rows.push(...(await play(version)));
  return rows;
}

const javaPart =
  (version: JavaVersion): Part =>
  async ({ namesrvAddr }, admin) => [
    ...(await sendAndConsume(await javaClient(version), namesrvAddr, admin)),
    ...(await sendAndConsume(await javaClient(version, true), namesrvAddr, admin)),
  ];

/** Parts on our own name server and broker. */
const PARTS: Readonly<Record<string, Part>> = {
  'java-5.5.0': javaPart('5.5.0'),
  'java-4.9.7': javaPart('4.9.7'),
  'ali-ons': ({ namesrvAddr }, admin) => sendAndConsume(aliOnsClient, namesrvAddr, admin),
  'mixed-group': ({ namesrvAddr }, admin) =>
    forBothVersions(async (version) => mixedGroup(await javaClient(version), rocketshopClient, namesrvAddr, admin)),
  mqadmin: (servers, admin) => forBothVersions((version) => mqadmin(version, servers, admin)),
};

async function onOurServers(names: readonly string[]): Promise<Row[]> {
  if (names.length === 0) return [];
  const servers = await startOurServers();
  const admin = new AdminClient({ namesrvAddr: servers.namesrvAddr });
  await admin.start();
  try {
    const rows: Row[] = [];
    for (const name of names) {
      const play = PARTS[name];
      if (play) rows.push(...(await runPart(name, () => play(servers, admin))));
    }
    return rows;
  } finally {
    await admin.shutdown();
    await servers.stop();
  }
}

/** @returns the exit code: 0 when every row is ok, 1 when one is not, 2 when nothing could be run */
async function runCompat(args: readonly string[]): Promise<number> {
  const known = [...Object.keys(PARTS), 'apache'];
  const unknown = args.filter((arg) => !known.includes(arg));
  if (unknown.length > 0) {
    console.log(USAGE);
    return unknown.every((arg) => arg === '--help') ? 0 : 2;
  }
  const missing = missingJavaTools();
  if (missing.length > 0) {
    console.error(`npm run compat cannot run here:\n${missing.map((sentence) => `  ${sentence}`).join('\n')}`);
    return 2;
  }
  const chosen = args.length === 0 ? known : args;
  const rows = await onOurServers(chosen.filter((name) => name in PARTS));
  if (chosen.includes('apache')) rows.push(...(await onApache()));
  console.log(`\n${formatTable(rows)}\n`);
  const failed = rows.filter(({ ok }) => !ok).length;
  console.log(failed === 0 ? `all ${rows.length} rows ok` : `${failed} of ${rows.length} rows failed`);
  return failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    void Promise.all([stopRunningClients(), stopSpawnedServices()]).then(() => process.exit(130));
  });
}
try {
  process.exitCode = await runCompat(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await stopRunningClients();
  await stopSpawnedServices();
}
