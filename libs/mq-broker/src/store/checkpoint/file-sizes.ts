import { join } from 'node:path';
import { UNIT_BYTES } from '../consume-queue/unit-layout.js';
import type { Disk } from '../disk.js';
import { StoreCorruptedError } from '../store.errors.js';
import type { FileSizes } from './checkpoint.js';

interface SizedFile {
  readonly path: string;
  /** Position of its first byte. */
  readonly base: number;
  readonly bytes: number;
}

/**
 * Refuses a store whose files have another size than the settings say, before anything is written. The checkpoint knows the sizes; a
 * store without one is judged by its files.
 * @throws StoreCorruptedError that names both sizes
 */
export function requireSameSizes(disk: Disk, directory: string, sizes: FileSizes, saved: FileSizes | undefined): void {
  for (const name of ['mappedFileSizeCommitLog', 'mappedFileUnitsConsumeQueue'] as const) {
    if (saved && saved[name] !== sizes[name]) throw otherSize(name, sizes[name], `${saved[name]}`, directory);
  }
  // With ten thousand topics, a look at each of their files would take seconds.
  if (saved) return;
  const logFolder = join(directory, 'commitlog');
  requireFit('mappedFileSizeCommitLog', sizes.mappedFileSizeCommitLog, 1, filesIn(disk, logFolder));
  const queuesFolder = join(directory, 'consumequeue');
  for (const topic of disk.list(queuesFolder)) {
    for (const queueId of disk.list(join(queuesFolder, topic))) {
      const files = filesIn(disk, join(queuesFolder, topic, queueId));
      requireFit('mappedFileUnitsConsumeQueue', sizes.mappedFileUnitsConsumeQueue, UNIT_BYTES, files);
    }
  }
}

/** A file may be shorter than its size, since it grows; it is never longer, and the files follow each other without a gap. */
function requireFit(name: keyof FileSizes, size: number, unitBytes: number, files: readonly SizedFile[]): void {
  const fileBytes = size * unitBytes;
  for (const [index, { path, base, bytes }] of files.entries()) {
    if (bytes > fileBytes) throw otherSize(name, size, `at least ${Math.ceil(bytes / unitBytes)}`, path);
    const next = files[index + 1];
    if (next && next.base - base < fileBytes) throw otherSize(name, size, `${(next.base - base) / unitBytes}`, path);
    if (base % fileBytes !== 0) throw otherSize(name, size, `another one, since a file begins at ${base}`, path);
  }
}

function filesIn(disk: Disk, folder: string): SizedFile[] {
  return disk
    .list(folder)
    .filter((name) => /^\d{20}$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      const file = disk.open(path, false);
      try {
        return { path, base: Number(name), bytes: file.size() };
      } finally {
        file.close();
      }
    });
}

function otherSize(name: keyof FileSizes, set: number, is: string, path: string): StoreCorruptedError {
  return new StoreCorruptedError(
    `${name} is ${set}, but the files of ${path} were made with ${is}. Nothing was changed: start with the size that they have.`,
  );
}
