import type { CommitLog } from './commit-log/commit-log.js';
import type { Flusher } from './flush/flusher.js';
import type { DamageReport } from './recovery/damage-report.js';
import type { DiskWatch } from './retention/disk-watch.js';

interface StoreState {
  log: CommitLog;
  flusher: Flusher;
  damage: DamageReport;
  diskWatch: DiskWatch;
  visibleOffset: number;
  mode: 'OPEN' | 'DISK_FULL' | 'CLOSING' | 'FAILED';
}

/** The store's keys of GET_BROKER_RUNTIME_INFO (DefaultMessageStore.getRuntimeInfo), and three keys of our own. */
export function runtimeInfoOf(store: StoreState): Record<string, string> {
  const { log, flusher, damage, diskWatch, visibleOffset, mode } = store;
  return {
    commitLogMinOffset: String(log.files.minOffset),
    commitLogMaxOffset: String(log.endOffset),
    commitLogDiskRatio: diskWatch.usedRatio.toFixed(4),
    consumeQueueDiskRatio: diskWatch.usedRatio.toFixed(4),
    dispatchBehindBytes: String(log.endOffset - visibleOffset),
    remainHowManyDataToCommit: `${log.pendingBytes} B`,
    remainHowManyDataToFlush: `${log.writtenOffset - flusher.flushedOffset} B`,
    storeFlushTimesTotal: String(flusher.syncs),
    storeDamagedRecords: String(damage.count),
    storeMode: mode,
  };
}
