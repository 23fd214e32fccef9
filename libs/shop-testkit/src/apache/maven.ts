import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadTestkitConfig } from '../testkit.config.js';

const run = promisify(execFile);

export interface Artifact {
  /** For example `rocketmq-client`. */
  readonly name: string;
  readonly version: string;
}

const GROUP = 'org.apache.rocketmq';

/** Says in sentences what this machine lacks to run Java programs from Maven. The list is empty when it lacks nothing. */
export function missingJavaTools(): string[] {
  const isThere = (command: string, flag: string) => spawnSync(command, [flag], { stdio: 'ignore' }).status === 0;
  return [
    ...(isThere('java', '-version') ? [] : ['Java 17 or newer is needed: there is no `java` on the PATH']),
    ...(isThere('javac', '-version') ? [] : ['a JDK is needed: there is no `javac` on the PATH']),
    ...(isThere('mvn', '-v') ? [] : ['Maven is needed to fetch the jars: there is no `mvn` on the PATH']),
  ];
}

/**
 * Fetches artifacts of Apache RocketMQ and their dependencies into the cache folder, with the ordinary Maven client.
 * @returns the folder with the jars
 */
export async function fetchJars(label: string, artifacts: readonly Artifact[]): Promise<string> {
  const home = join(loadTestkitConfig().cacheDir, 'jars', label);
  const lib = join(home, 'lib');
  const done = join(home, 'complete');
  if (existsSync(done)) return lib;
  mkdirSync(lib, { recursive: true });
  const dependencies = artifacts
    .map(
      ({ name, version }) =>
        `<dependency><groupId>${GROUP}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
    )
    .join('');
  const pom = join(home, 'pom.xml');
  writeFileSync(
    pom,
    `<project><modelVersion>4.0.0</modelVersion><groupId>rocketshop</groupId><artifactId>jars</artifactId><version>1</version>` +
      `<packaging>pom</packaging><dependencies>${dependencies}</dependencies></project>`,
  );
  const args = [
    '-B',
    '-q',
    '-f',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${lib}`,
  ];
  await run('mvn', args, { timeout: 300_000, maxBuffer: 16 * 1024 * 1024 });
  if (readdirSync(lib).length === 0) throw new Error(`Maven fetched nothing for ${label}`);
  writeFileSync(done, '');
  return lib;
}
