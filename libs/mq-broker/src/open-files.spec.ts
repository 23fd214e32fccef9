import { describe, expect, it } from '@jest/globals';
import { connectionsLeft, openFilesLimit, storeFilesMax } from './open-files.js';

describe('the files that a process may open', () => {
  const lines: string[] = [];
  const log = (level: string, message: string): void => void lines.push(`${level}: ${message}`);

  it('are known on Linux', () => {
    expect(openFilesLimit()).toBeGreaterThan(0);
  });

  it.each([200, 256, 1024, 4096, 65_536, 1_048_576])('are shared out, %i of them', (limit) => {
    const storeFiles = storeFilesMax(limit);
    const connections = connectionsLeft(10_000, { storeFiles, log }, limit);
    expect(storeFiles).toBeGreaterThan(20);
    expect(connections).toBeGreaterThan(40);
    expect(storeFiles + connections + 64).toBeLessThanOrEqual(limit);
  });

  it('are said to be few in one line, and too few end the start', () => {
    lines.length = 0;
    connectionsLeft(10_000, { storeFiles: storeFilesMax(1024), log }, 1024);
    expect(lines).toEqual([
      'warn: connectionsMax is lowered from 10000 to 640: the system lets this process open 1024 files.',
    ]);
    connectionsLeft(100, { storeFiles: storeFilesMax(1024), log }, 1024);
    connectionsLeft(10_000, { storeFiles: storeFilesMax(undefined), log }, 1_048_576);
    expect(lines).toHaveLength(1);
    expect(() => connectionsLeft(10_000, { storeFiles: 1, log }, 64)).toThrow(/ulimit -n/);
  });
});
