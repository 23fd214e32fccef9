import { delayOffsetTableBody } from '@rocketshop/mq-protocol';
import type { DelayOffsetTable } from '@rocketshop/mq-protocol';
import type { Logger } from '../../logger.js';
import { ConfigFile } from '../../store/index.js';
import type { Disk } from '../../store/index.js';
import { parseDelayOffsets } from '../table-checks.js';

/** `config/delayOffset.json`: `{"offsetTable":{1:10,3:7}}`, level to offset (RocketMQ `DelayOffsetSerializeWrapper`). */
export class DelayOffsetFile {
  private constructor(
    private readonly file: ConfigFile<DelayOffsetTable>,
    private readonly offsets: ReadonlyMap<number, number>,
  ) {}

  /**
   * Reads the file, before anybody can reach the broker.
   * @throws ConfigFileBrokenError when neither the file nor its backup can be read
   */
  static open(path: string, log: Logger, disk: Disk): DelayOffsetFile {
    const file = new ConfigFile<DelayOffsetTable>(path, {
      parse: parseDelayOffsets,
      stringify: (offsets) => delayOffsetTableBody.encode(offsets).toString(),
      log,
      disk,
    });
    return new DelayOffsetFile(file, file.read().value ?? new Map<number, number>());
  }

  /** The offsets at the start. */
  load(): ReadonlyMap<number, number> {
    return this.offsets;
  }

  /** Resolves when the offsets are durable. */
  save(offsets: ReadonlyMap<number, number>): Promise<void> {
    return this.file.write(new Map(offsets));
  }
}
