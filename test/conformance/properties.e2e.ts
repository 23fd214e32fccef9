import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { repositoryRoot } from '@rocketshop/shop-testkit';
import { BrokerUnderTest } from './support/broker-under-test.js';
import { PropertyWalk } from './support/property-walk.js';
import type { PropertyTable } from './support/property-walk.js';

jest.setTimeout(60_000);

/** Recorded from Apache RocketMQ by `node test/dist/compat/apache/record-properties.main.js VERSION`. */
const recorded = async (version: string): Promise<PropertyTable> =>
  JSON.parse(
    await readFile(join(repositoryRoot, `test/conformance/fixtures/apache-properties-${version}.json`), 'utf8'),
  ) as PropertyTable;

/** What 4.9 has otherwise: a broker there tells no region and no trace, and a batch's own properties go to its messages. */
const without = (properties: Record<string, string>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));

describe('the properties that a consumer sees after each change of a message', () => {
  let broker: BrokerUnderTest;
  let seen: PropertyTable;

  beforeEach(async () => {
    broker = await BrokerUnderTest.start({ timeScale: 10 });
    seen = await new PropertyWalk(await broker.connect(), 'DefaultCluster').run();
  });
  afterEach(() => broker.close());

  it('are those of Apache RocketMQ 5.5', async () => {
    expect(seen).toEqual(await recorded('5.5.0'));
  });

  it('have nothing that a client of 4.9 would miss', async () => {
    const OF_5 = ['MSG_REGION', 'TRACE_ON', 'WAIT'];
    // 4.9 delays a dead letter once more, and gives a batch's messages the properties of the batch.
    const { 'sent to the retry topic once too often': _, ...others } = await recorded('4.9.7');
    for (const [change, properties] of Object.entries(others)) {
      const names = change.startsWith('sent in a batch') ? [...OF_5, 'CLUSTER'] : OF_5;
      expect({ change, ...without(seen[change] ?? {}, names) }).toEqual({ change, ...without(properties, names) });
    }
  });
});
