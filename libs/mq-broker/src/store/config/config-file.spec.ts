import { describe, expect, it } from '@jest/globals';
import { FaultyDisk } from '../testing/faulty-disk.js';
import { ConfigFile } from './config-file.js';

const PATH = '/config/topics.json';

describe('a configuration file', () => {
  it('is the old one or the new one after a power cut at any moment', async () => {
    for (let writes = 0; writes < 3; writes++) {
      for (let syncs = 0; syncs < 3; syncs++) {
        const disk = new FaultyDisk(() => 1);
        const file = new ConfigFile<{ version: number }>(PATH, { disk });
        await file.write({ version: 1 });
        await file.write({ version: 2 });
        disk.faults.writesUntilFailure = writes;
        disk.faults.syncsUntilFailure = syncs;
        await file.write({ version: 3 }).catch(() => undefined);
        disk.cutPower();
        expect([2, 3]).toContain(file.read().value?.version);
      }
    }
  });

  it('falls back to its backup and says so', async () => {
    const disk = new FaultyDisk();
    const file = new ConfigFile<number[]>(PATH, { disk });
    expect(file.read()).toEqual({ value: undefined, source: 'none' });
    await file.write([1]);
    await file.write([2]);
    expect(file.read()).toEqual({ value: [2], source: 'main' });
    disk.contentOf(PATH).fill(0x7b);
    expect(file.read()).toEqual({ value: [1], source: 'backup', problem: expect.any(String) });
    disk.contentOf(`${PATH}.bak`).fill(0x7b);
    expect(() => file.read()).toThrow(expect.objectContaining({ code: 'CONFIG_FILE_BROKEN' }));
  });

  it('writes one at a time and of those waiting only the newest', async () => {
    const disk = new FaultyDisk();
    const file = new ConfigFile<number>(PATH, { disk });
    const before = disk.syncs;
    await Promise.all([1, 2, 3, 4, 5].map((value) => file.write(value)));
    expect(file.read().value).toBe(5);
    expect(disk.syncs - before).toBe(2);
  });
});
