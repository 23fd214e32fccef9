import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchJars, repositoryRoot } from '@rocketshop/shop-testkit';
import { KINDS } from '../kinds.js';
import type { Kind } from '../kinds.js';

const run = promisify(execFile);

/** A client library under test, as a program with the command line of command-line.ts. */
export interface ClientProgram {
  readonly name: string;
  /** The {@link KINDS} that the library offers. */
  readonly kinds: readonly Kind[];
  readonly command: string;
  readonly args: readonly string[];
}

export const JAVA_VERSIONS = ['5.5.0', '4.9.7'] as const;
export type JavaVersion = (typeof JAVA_VERSIONS)[number];

/** The programs end soon, so the optimizing compiler of the JVM is not worth its time. */
export const JAVA_FLAGS: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m'];

const nodeProgram = (name: string, kinds: readonly Kind[]): ClientProgram => ({
  name,
  kinds,
  command: process.execPath,
  args: ['--enable-source-maps', fileURLToPath(new URL(`./${name}-client.main.js`, import.meta.url))],
});

export const rocketshopClient: ClientProgram = nodeProgram('rocketshop', KINDS);

/**
 * ali-ons has no one-way and no batch sending. It gives up when a topic has no route yet, and its listeners cannot ask for the
 * dead letter queue.
 */
export const aliOnsClient: ClientProgram = nodeProgram('ali-ons', ['sync', 'async', 'tags', 'delay', 'retry']);

/** The official client; compiled once into the cache. `binaryHeaders` sets its serialize type to ROCKETMQ. */
export async function javaClient(version: JavaVersion, binaryHeaders = false): Promise<ClientProgram> {
  const lib = await fetchJars(`client-${version}`, [{ name: 'rocketmq-client', version }]);
  const classes = await compile(join(repositoryRoot, 'test/compat/java/CompatClient.java'), lib);
  return {
    name: `java-${version}${binaryHeaders ? ' binary' : ''}`,
    kinds: KINDS,
    command: 'java',
    args: [
      ...JAVA_FLAGS,
      ...(binaryHeaders ? ['-Drocketmq.serialize.type=ROCKETMQ'] : []),
      '-cp',
      `${classes}:${lib}/*`,
      'CompatClient',
    ],
  };
}

async function compile(source: string, lib: string): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const classes = join(dirname(lib), `classes-${digest}`);
  if (existsSync(classes)) return classes;
  mkdirSync(dirname(classes), { recursive: true });
  const unfinished = mkdtempSync(`${classes}-`);
  await run('javac', ['-encoding', 'UTF-8', '-cp', `${lib}/*`, '-d', unfinished, source], { timeout: 60_000 });
  renameSync(unfinished, classes);
  return classes;
}
