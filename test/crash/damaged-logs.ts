import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBroker } from '@rocketshop/mq-broker';
import { BrokerClient } from './broker-client.js';
import { digestOf } from './history.js';

const LOG_FILE = 'commitlog/00000000000000000000';
const QUEUE_ID = 0;

/** A byte of each field of a record (offsets of MessageDecoder.java). The test flips one bit in it. */
const HEAD_FIELDS = {
  totalSize: 3,
  magic: 5,
  bodyCRC: 8,
  queueId: 15,
  flag: 17,
  queueOffset: 27,
  physicalOffset: 34,
  sysFlag: 37,
  bornTimestamp: 45,
  bornHost: 48,
  bornPort: 54,
  storeTimestamp: 62,
  storeHost: 66,
  storePort: 70,
  reconsumeTimes: 75,
  preparedTransactionOffset: 80,
  bodyLength: 87,
  body: 90,
} as const;
/** Offsets from the end of the body: the fields behind it move with its length. The checksum is the last property. */
const FIELDS_BEHIND_BODY = { topicLength: 0, topic: 3, propertiesLength: 10, properties: 14 } as const;
const BODY_LENGTH_AT = 84;
const BODY_AT = 88;

interface Place {
  start: number;
  end: number;
  digest: string;
}

export interface DamageResult {
  name: string;
  cases: number;
  violations: string[];
}

/** Writes a store with `count` messages in one queue by a broker that it closes. @returns the place of each record */
export async function makeStore(directory: string, count: number): Promise<Place[]> {
  const broker = await open(directory);
  const client = await BrokerClient.connect(broker.port);
  for (let index = 0; index < count; index++) {
    await client.send(QUEUE_ID, Buffer.from(`message ${index} ${'x'.repeat(index % 50)}`));
  }
  const messages = await client.readQueue(QUEUE_ID, 0);
  client.close();
  await broker.close();
  const log = readFileSync(join(directory, LOG_FILE));
  return messages.map(({ commitLogOffset, body }) => ({
    start: commitLogOffset,
    end: commitLogOffset + log.readInt32BE(commitLogOffset),
    digest: digestOf(body),
  }));
}

/** Cuts the log at every byte of its last three records. Every record before the cut must survive, and no record may appear. */
export async function cutEveryByte(template: string, places: readonly Place[]): Promise<DamageResult> {
  const violations: string[] = [];
  const first = places.at(-3)?.start ?? 0;
  const last = places.at(-1)?.end ?? 0;
  for (let cut = first; cut < last; cut++) {
    const expected = places.filter(({ end }) => end <= cut).map(({ digest }) => digest);
    const found = await readDamaged(template, (log) => log.fill(0, cut), true);
    if (found.join() !== expected.join())
      violations.push(`cut at ${cut}: ${found.length} of ${expected.length} messages`);
  }
  return { name: 'torn tail, each byte of 3 records', cases: last - first, violations };
}

/** Flips one bit of one field in many records, one field after the other. Exactly these records must be lost. */
export async function flipEveryField(
  template: string,
  places: readonly Place[],
  records: number,
  killed: boolean,
): Promise<DamageResult> {
  const violations: string[] = [];
  const hit = new Set(
    places
      .slice(1, -1)
      .filter((_, index) => index % 2 === 0)
      .slice(0, records),
  );
  const expected = places.filter((place) => !hit.has(place)).map(({ digest }) => digest);
  const fields = [...Object.entries(HEAD_FIELDS), ...Object.entries(FIELDS_BEHIND_BODY), ['checksum', -3] as const];
  for (const [field, distance] of fields) {
    const flip = (log: Buffer): void => {
      for (const [index, place] of [...hit].entries()) {
        const at = positionOf(log, place, field, distance);
        log[at] = (log[at] ?? 0) ^ (1 << (index % 8));
      }
    };
    const found = await readDamaged(template, flip, killed);
    if (found.join() === expected.join()) continue;
    const lost = expected.filter((digest) => !found.includes(digest)).length;
    const served = found.filter((digest) => !expected.includes(digest)).length;
    violations.push(`${field}: ${lost} others lost, ${served} damaged served`);
  }
  const name = `one bit in each field of ${hit.size} records, ${killed ? 'after a kill' : 'after a clean stop'}`;
  return { name, cases: hit.size * fields.length, violations };
}

function positionOf(log: Buffer, place: Place, field: string, distance: number): number {
  if (distance < 0) return place.end + distance;
  if (field in HEAD_FIELDS) return place.start + distance;
  return place.start + BODY_AT + log.readInt32BE(place.start + BODY_LENGTH_AT) + distance;
}

/** Digests of the messages that a broker serves from a damaged copy of the store. */
async function readDamaged(template: string, damage: (log: Buffer) => void, killed: boolean): Promise<string[]> {
  const directory = `${template}-damaged`;
  rmSync(directory, { recursive: true, force: true });
  cpSync(template, directory, { recursive: true });
  const path = join(directory, LOG_FILE);
  const log = readFileSync(path);
  damage(log);
  writeFileSync(path, log);
  if (killed) pretendKilled(directory);
  const broker = await open(directory);
  try {
    const client = await BrokerClient.connect(broker.port);
    const messages = await client.readQueue(QUEUE_ID, 0);
    client.close();
    return messages.map(({ body }) => digestOf(body));
  } finally {
    await broker.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Marks the store as in use and removes its checkpoint, so that the broker must read everything from the log. */
function pretendKilled(directory: string): void {
  writeFileSync(join(directory, 'abort'), '');
  for (const name of ['checkpoint', 'checkpoint.bak']) rmSync(join(directory, name), { force: true });
}

function open(directory: string): ReturnType<typeof startBroker> {
  return startBroker({
    namesrvAddr: '',
    storePathRootDir: directory,
    mappedFileSizeCommitLog: 1024 * 1024,
  });
}
