import { describe, expect, it } from '@jest/globals';

import type { ConfigStorage } from '../config/index.js';
import { KvConfigTable } from './kv-config-table.js';

class Memory implements ConfigStorage {
  saves = 0;
  constructor(public text?: string) {}
  load(): Promise<string | undefined> {
    return Promise.resolve(this.text);
  }
  save(text: string): Promise<void> {
    this.text = text;
    this.saves++;
    return Promise.resolve();
  }
}

describe('the KV configuration of a name server', () => {
  it('is found again after a restart, in the shape RocketMQ writes', async () => {
    const memory = new Memory();
    const table = await KvConfigTable.load(memory);
    table.put('ORDER_TOPIC_CONFIG', 'orders', 'broker-a:4');
    await table.saved();

    expect(JSON.parse(memory.text ?? '')).toEqual({ configTable: { ORDER_TOPIC_CONFIG: { orders: 'broker-a:4' } } });
    const again = await KvConfigTable.load(memory);
    expect(again.get('ORDER_TOPIC_CONFIG', 'orders')).toBe('broker-a:4');
  });

  it('forgets a namespace with its last key', async () => {
    const table = await KvConfigTable.load(new Memory('{"configTable":{"N":{"k":"v"}}}'));
    expect(table.list('N')).toEqual(new Map([['k', 'v']]));
    table.delete('N', 'k');
    table.delete('N', 'never there');
    await table.saved();
    expect(table.list('N')).toBeUndefined();
  });

  it('writes once for the changes of one tick', async () => {
    const memory = new Memory();
    const table = await KvConfigTable.load(memory);
    for (let key = 0; key < 100; key++) table.put('N', `k${key}`, 'v');
    await table.saved();
    expect(memory.saves).toBe(1);
  });

  it('tells the one who changed a value that it could not be stored, and stores it with the next change', async () => {
    const memory = new Memory();
    const save = memory.save.bind(memory);
    memory.save = () => Promise.reject(new Error('disk full'));
    const table = await KvConfigTable.load(memory);
    table.put('N', 'k', 'v');
    await expect(table.saved()).rejects.toThrow('disk full');

    memory.save = save;
    table.put('N', 'k2', 'v');
    await table.saved();
    expect(JSON.parse(memory.text ?? '')).toEqual({ configTable: { N: { k: 'v', k2: 'v' } } });
  });
});
