import { describe, expect, it } from '@jest/globals';
import { parseStat, parseStatusMiB } from './process-usage.js';

describe('what /proc says about a process', () => {
  it('counts fields after a name with spaces and parentheses', () => {
    const text = '4711 (a (strange) name) S 12 1 1 0 -1 0 0 0 0 0 150 50 7 3 20 0 9 0 100 0 0';
    expect(parseStat(text)).toEqual({ parentPid: 12, cpuSeconds: 2, endedChildrenCpuSeconds: 0.1 });
  });

  it('finds the anonymous part of the resident memory', () => {
    const text = 'VmRSS:\t  204800 kB\nRssAnon:\t  102400 kB\nRssFile:\t  102400 kB\n';
    expect(parseStatusMiB(text, 'RssAnon')).toBe(100);
    expect(parseStatusMiB(text, 'RssShmem')).toBeNaN();
  });
});
