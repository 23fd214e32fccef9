import type { StoreEngine } from './store-engine.js';

/** Keys of GET_BROKER_RUNTIME_INFO that are the store's (DefaultMessageStore.getRuntimeInfo), and three of our own. */
export function runtimeInfoOf({
  log,
  flusher,
  damage,
  diskWatch,
  visibleOffset,
  state,
}: StoreEngine): Record<string, string> {
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
    storeMode: state,
  };
}
