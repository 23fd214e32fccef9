import { describe, expect, it } from '@jest/globals';
import { FaultyDisk } from '../testing/faulty-disk.js';
import { ConsumerOffsetStore } from './consumer-offset-store.js';

const DIRECTORY = '/config';
const openOn = (disk: FaultyDisk, options = {}): ConsumerOffsetStore =>
  ConsumerOffsetStore.open({ directory: DIRECTORY, disk: disk.mount(), ...options });
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('committed offsets', () => {
  it('never go back over kill -9, with or without a snapshot between', async () => {
    const disk = new FaultyDisk();
    let last = 0;
    for (let round = 0; round < 20; round++) {
      const store = openOn(disk);
      expect(store.query('g', 'T', 3)).toBe(round === 0 ? -1 : last);
      for (let step = 0; step < 50; step++) {
        store.commit('g', 'T', 3, ++last);
        store.commit('g', 'T', step % 3, last);
        if (step % 20 === round) await store.snapshot();
      }
      await tick();
      disk.kill();
    }
    expect(openOn(disk).query('g', 'T', 3)).toBe(last);
  });

  it('are in the kernel before anything scheduled after the commit runs', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    await new Promise<void>((resolve) => {
      store.commit('g', 'T', 0, 42);
      process.nextTick(() => {
        disk.kill();
        resolve();
      });
    });
    expect(openOn(disk).query('g', 'T', 0)).toBe(42);
  });

  it('survive a power cut during a snapshot at any step', async () => {
    for (let writes = 0; writes < 6; writes++) {
      const disk = new FaultyDisk();
      const first = openOn(disk);
      first.commit('g', 'T', 0, 7);
      await first.close();
      const second = openOn(disk);
      second.commit('g', 'T', 0, 8);
      await tick();
      disk.faults.writesUntilFailure = writes;
      await second.snapshot().catch(() => undefined);
      disk.faults.writesUntilFailure = Number.POSITIVE_INFINITY;
      disk.cutPower();
      expect(openOn(disk).query('g', 'T', 0)).toBeGreaterThanOrEqual(7);
    }
  });

  it('go back on purpose when reset, and stay there after kill -9', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    store.commit('g', 'T', 0, 100);
    await store.snapshot();
    store.commit('g', 'T', 0, 5);
    await tick();
    disk.kill();
    expect(openOn(disk).query('g', 'T', 0)).toBe(5);
  });

  it('of a removed group or topic stay removed', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    for (const group of ['g1', 'g2']) for (const topic of ['A', 'B']) store.commit(group, topic, 0, 9);
    await store.snapshot();
    store.removeGroup('g1');
    store.removeTopic('B');
    await tick();
    disk.kill();
    expect([...openOn(disk).entries()]).toEqual([{ group: 'g2', topic: 'A', queueId: 0, offset: 9 }]);
  });

  it('end at a torn entry and keep everything before it', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    for (let offset = 1; offset <= 10; offset++) {
      store.commit('g', 'T', 0, offset);
      await tick();
    }
    const [name] = disk.list(DIRECTORY);
    const files = disk.snapshot();
    const path = `${DIRECTORY}/${name}`;
    const { length } = disk.contentOf(path);
    for (let cut = 0; cut <= length; cut++) {
      disk.restore(files);
      disk.contentOf(path).fill(0, cut);
      expect(openOn(disk).query('g', 'T', 0)).toBe(cut === length ? 10 : Math.floor(cut / (length / 10)) || -1);
    }
  });

  it('lose a broken entry of the journal and no other, whichever bit is broken', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    const queues = 6;
    for (let queueId = 0; queueId < queues; queueId++) {
      store.commit('g', 'T', queueId, 100 + queueId);
      await tick();
    }
    const files = disk.snapshot();
    const path = `${DIRECTORY}/consumerOffset.journal.1`;
    const { length } = disk.contentOf(path);
    for (let bit = 0; bit < length * 8; bit++) {
      disk.restore(files);
      disk.flipBit(path, bit >> 3, bit & 7);
      const warnings: string[] = [];
      const again = openOn(disk, { log: (_level: string, message: string) => warnings.push(message) });
      const found = Array.from({ length: queues }, (_, queueId) => again.query('g', 'T', queueId));
      const broken = Math.floor(bit / 8 / (length / queues));
      expect(found).toEqual(found.map((_, queueId) => (queueId === broken ? -1 : 100 + queueId)));
      expect(warnings).toEqual([expect.stringContaining(`journal.1 has ${length / queues} broken bytes`)]);
    }
  });

  it('are never believed from a table of another shape', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    for (const offset of [1, 2]) {
      store.commit('g', 'T', 0, offset);
      await store.snapshot();
    }
    disk.kill();
    const files = disk.snapshot();
    const wrong = [
      '7',
      '[]',
      'null',
      '"x"',
      '{}',
      '{"offsetTable":[]}',
      '{"offsetTable":{"T@g":5}}',
      '{"offsetTable":{"T":{}}}',
    ];
    const values = ['"5"', '1.5', 'null', '{}', '1e30'].map((value) => `{"offsetTable":{"T@g":{"0":${value}}}}`);
    for (const text of [...wrong, ...values, '{"offsetTable":{"T@g":{"x":1}}}', '{"offsetTable":{},"journal":"x"}']) {
      disk.restore(new Map([...files, [`${DIRECTORY}/consumerOffset.json`, Buffer.from(text)]]));
      const warnings: string[] = [];
      const again = openOn(disk, { log: (_level: string, message: string) => warnings.push(message) });
      expect({ text, offset: again.query('g', 'T', 0) }).toEqual({ text, offset: 2 });
      expect(warnings).toEqual([expect.stringContaining('its backup is used')]);
    }
  });

  it('say which of their files is missing, and use what is left', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    store.commit('g', 'T', 0, 1);
    await store.snapshot();
    store.commit('g', 'T', 1, 2);
    await tick();
    disk.kill();
    const files = disk.snapshot();
    const warningsWithout = (...names: string[]): { warnings: string[]; offsets: number[] } => {
      const gone = new Set(names.map((name) => `${DIRECTORY}/${name}`));
      disk.restore(new Map([...files].filter(([path]) => !gone.has(path))));
      const warnings: string[] = [];
      const again = openOn(disk, { log: (_level: string, message: string) => warnings.push(message) });
      return { warnings, offsets: [again.query('g', 'T', 0), again.query('g', 'T', 1)] };
    };
    expect(warningsWithout()).toEqual({ warnings: [], offsets: [1, 2] });
    expect(warningsWithout('consumerOffset.journal.2')).toEqual({
      warnings: [expect.stringContaining('consumerOffset.journal.2 is missing')],
      offsets: [1, -1],
    });
    const snapshots = ['consumerOffset.json', 'consumerOffset.json.bak', 'consumerOffset.journal.1'];
    expect(warningsWithout(...snapshots)).toEqual({
      warnings: [expect.stringContaining('consumerOffset.json is missing')],
      offsets: [-1, 2],
    });
  });

  it('fall back to the backup and the journals when the snapshot is broken', async () => {
    const disk = new FaultyDisk();
    const store = openOn(disk);
    store.commit('g', 'T', 0, 1);
    await store.snapshot();
    store.commit('g', 'T', 0, 2);
    await store.snapshot();
    store.commit('g', 'T', 0, 3);
    await tick();
    disk.kill();
    disk.contentOf(`${DIRECTORY}/consumerOffset.json`).fill(0x20);
    const warnings: string[] = [];
    const again = openOn(disk, { log: (_level: string, message: string) => warnings.push(message) });
    expect(again.query('g', 'T', 0)).toBe(3);
    expect(warnings).toEqual([expect.stringContaining('backup')]);
  });

  it('fall back to the backup and the journals also when the process was killed between the two snapshots', async () => {
    const disk = new FaultyDisk();
    const first = openOn(disk);
    first.commit('g', 'T', 0, 1);
    await first.snapshot();
    first.commit('g', 'T', 1, 2);
    await tick();
    disk.kill();
    const second = openOn(disk);
    second.commit('g', 'T', 2, 3);
    await second.snapshot();
    disk.kill();
    disk.contentOf(`${DIRECTORY}/consumerOffset.json`).fill(0x20);
    const warnings: string[] = [];
    const again = openOn(disk, { log: (_level: string, message: string) => warnings.push(message) });
    expect([0, 1, 2].map((queueId) => again.query('g', 'T', queueId))).toEqual([1, 2, 3]);
    expect(warnings).toEqual([expect.stringContaining('its backup is used')]);
  });

  it('beyond a log that lost its end are pulled back', () => {
    const store = openOn(new FaultyDisk());
    store.commit('g', 'T', 0, 100);
    store.commit('g', 'T', 1, 10);
    store.commit('g', 'gone', 0, 50);
    const pulled = store.pullBack((topic) => (topic === 'T' ? 60 : undefined));
    expect(pulled).toEqual([{ group: 'g', topic: 'T', queueId: 0, offset: 60 }]);
    expect(store.query('g', 'T', 0)).toBe(60);
    expect(store.toTable()).toEqual({ 'T@g': { 0: 60, 1: 10 }, 'gone@g': { 0: 50 } });
  });
});
