import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseUrls } from '@rocketshop/shop-testkit';

/** Tells other commands where the running demo is. */
export interface DemoState {
  readonly pid: number;
  readonly databaseUrls: DatabaseUrls;
}

const FILE = join(import.meta.dirname, '../../../.cache/demo.json');

export function writeDemoState(state: DemoState): void {
  mkdirSync(dirname(FILE), { recursive: true });
  // The file contains the database password of the demo, so only this user may read it.
  writeFileSync(FILE, JSON.stringify(state), { mode: 0o600 });
}

export function removeDemoState(): void {
  rmSync(FILE, { force: true });
}

/** The state of the demo that runs now, or undefined. */
export function readDemoState(): DemoState | undefined {
  try {
    const state = JSON.parse(readFileSync(FILE, 'utf8')) as DemoState;
    process.kill(state.pid, 0);
    return state;
  } catch {
    return undefined;
  }
}
