import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseUrls } from '@rocketshop/shop-testkit/invariants';

/** Where a running demo can be found by the other commands. */
export interface DemoState {
  readonly pid: number;
  readonly databaseUrls: DatabaseUrls;
}

const FILE = join(import.meta.dirname, '../../../.cache/demo.json');

export function writeDemoState(state: DemoState): void {
  mkdirSync(dirname(FILE), { recursive: true });
  // It holds the demo's database password, so it is for this user only.
  writeFileSync(FILE, JSON.stringify(state), { mode: 0o600 });
}

export function removeDemoState(): void {
  rmSync(FILE, { force: true });
}

/** The demo that runs now, or undefined. */
export function readDemoState(): DemoState | undefined {
  try {
    const state = JSON.parse(readFileSync(FILE, 'utf8')) as DemoState;
    process.kill(state.pid, 0);
    return state;
  } catch {
    return undefined;
  }
}
