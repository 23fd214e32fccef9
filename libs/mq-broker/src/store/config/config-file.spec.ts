import { describe, expect, it } from '@jest/globals';
import { FaultyDisk } from '../testing/faulty-disk.js';
import { ConfigFile } from './config-file.js';

const PATH = '/config/topics.json';
const BACKUP = `${PATH}.bak`;

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
    const lines: string[] = [];
    const log = (level: string, message: string): void => void lines.push(`${level}: ${message}`);
    const file = new ConfigFile<{ version: number }>(PATH, { disk, log });
    expect(file.read()).toEqual({ value: undefined, source: 'none', hasChecksum: false });
    await file.write({ version: 1 });
    await file.write({ version: 2 });
    expect(file.read()).toEqual({ value: { version: 2 }, source: 'main', hasChecksum: true });
    expect(lines).toEqual([]);
    disk.contentOf(PATH).fill(0x7b);
    expect(file.read()).toMatchObject({ value: { version: 1 }, source: 'backup', problem: expect.any(String) });
    expect(lines).toEqual([expect.stringMatching(/^warn: .*topics.json could not be read .*its backup is used/)]);
    disk.contentOf(BACKUP).fill(0x7b);
    expect(() => file.read()).toThrow(/topics.json is broken .* and its backup .*topics.json.bak is broken/);
    disk.unlink(BACKUP);
    expect(() => file.read()).toThrow(/topics.json is broken .* it has no backup/);
  });

  it('is never believed with a flipped bit, nor with two', async () => {
    const disk = new FaultyDisk();
    const file = new ConfigFile<{ version: number; names: string[] }>(PATH, { disk });
    await file.write({ version: 1, names: ['é', 'b'] });
    await file.write({ version: 2, names: ['é', 'b'] });
    const good = Buffer.from(disk.contentOf(PATH));
    for (let bit = 0; bit < good.length * 8; bit++) {
      for (const other of [undefined, bit * 31, good.length * 8 - 60]) {
        const content = disk.contentOf(PATH);
        good.copy(content);
        disk.flipBit(PATH, bit >> 3, bit & 7);
        if (other !== undefined) disk.flipBit(PATH, (other >> 3) % good.length, other & 7);
        if (content.equals(good)) continue;
        expect(file.read().value?.version).toBe(1);
      }
    }
  });

  it('is never believed when its end is missing, or when it is empty', async () => {
    const disk = new FaultyDisk();
    const file = new ConfigFile<{ version: number }>(PATH, { disk });
    await file.write({ version: 1 });
    await file.write({ version: 2 });
    const good = disk.snapshot();
    for (let length = 0; length < (good.get(PATH)?.length ?? 0); length++) {
      disk.restore(new Map([...good, [PATH, (good.get(PATH) as Buffer).subarray(0, length)]]));
      expect(file.read()).toMatchObject({ value: { version: 1 }, source: 'backup' });
    }
  });

  it('has a backup from its first write on, and never loses it to a broken file', async () => {
    for (let writes = 0; writes < 4; writes++) {
      for (const end of ['kill', 'cutPower'] as const) {
        const disk = new FaultyDisk(() => 1);
        await new ConfigFile<{ version: number }>(PATH, { disk: disk.mount() }).write({ version: 1 });
        disk.contentOf(PATH).fill(0x7b);
        const file = new ConfigFile<{ version: number }>(PATH, { disk: disk.mount() });
        expect(file.read().value?.version).toBe(1);
        disk.faults.writesUntilFailure = writes;
        await file.write({ version: 2 }).catch(() => undefined);
        disk.faults.writesUntilFailure = Number.POSITIVE_INFINITY;
        disk[end]();
        expect([1, 2]).toContain(new ConfigFile<{ version: number }>(PATH, { disk }).read().value?.version);
        expect([1, 2]).toContain(new ConfigFile<{ version: number }>(BACKUP, { disk }).read().value?.version);
      }
    }
  });

  it('stays the old one or the new one with a backup when a process is killed between any two steps', async () => {
    for (let steps = 0; ; steps++) {
      const disk = new FaultyDisk(() => 1);
      await new ConfigFile<{ version: number }>(PATH, { disk: disk.mount() }).write({ version: 1 });
      const mounted = disk.mount();
      let left = steps;
      const counted = new Proxy(mounted, {
        get: (target, name): unknown => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...values: unknown[]): unknown => {
            if (left-- <= 0) throw new Error('killed');
            return Reflect.apply(member, target, values) as unknown;
          };
        },
      });
      const isKilled = await new ConfigFile<{ version: number }>(PATH, { disk: counted }).write({ version: 2 }).then(
        () => false,
        () => true,
      );
      expect([1, 2]).toContain(new ConfigFile<{ version: number }>(PATH, { disk }).read().value?.version);
      if (!isKilled) break;
    }
  });

  it('is taken without a checksum too, as RocketMQ and older versions write it', () => {
    const disk = new FaultyDisk();
    for (const text of ['{"a":1}', '{\n  "a": 1\n}\n', '{"a":1,"crc":"x"}']) {
      disk.unlink(PATH);
      const bytes = Buffer.from(text);
      disk.open(PATH, true).write(bytes, 0, bytes.length, 0);
      expect(new ConfigFile<{ a: number }>(PATH, { disk }).read()).toMatchObject({
        value: { a: 1 },
        hasChecksum: false,
      });
    }
  });

  it('does not take a process without free descriptors for a broken file', () => {
    const disk = new FaultyDisk();
    const failing = new Proxy(disk, {
      get: (target, name): unknown => {
        if (name !== 'readFile') return Reflect.get(target, name) as unknown;
        return () => {
          throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
        };
      },
    });
    expect(() => new ConfigFile(PATH, { disk: failing }).read()).toThrow('EMFILE');
  });

  it('writes one at a time and of those waiting only the newest', async () => {
    const disk = new FaultyDisk();
    const file = new ConfigFile<{ version: number }>(PATH, { disk });
    await file.write({ version: 0 });
    const before = disk.syncs;
    await Promise.all([1, 2, 3, 4, 5].map((version) => file.write({ version })));
    expect(file.read().value).toEqual({ version: 5 });
    expect(disk.syncs - before).toBe(2);
  });
});
