import { delayOffsetTableBody } from '@rocketshop/mq-protocol';
import type { DelayOffsetTable } from '@rocketshop/mq-protocol';
import { ConfigFile } from '../../store/index.js';

/** `config/delayOffset.json`: `{"offsetTable":{1:10,3:7}}`, level to offset (RocketMQ `DelayOffsetSerializeWrapper`). */
export class DelayOffsetFile {
  private readonly file: ConfigFile<DelayOffsetTable>;

  constructor(path: string) {
    this.file = new ConfigFile(path, {
      parse: (text) => delayOffsetTableBody.decode(text),
      stringify: (offsets) => delayOffsetTableBody.encode(offsets).toString(),
    });
  }

  /** @throws ConfigFileBrokenError when neither the file nor its backup can be read */
  load(): ReadonlyMap<number, number> {
    return this.file.read().value ?? new Map<number, number>();
  }

  /** Resolves when the offsets are durable. */
  save(offsets: ReadonlyMap<number, number>): Promise<void> {
    return this.file.write(new Map(offsets));
  }
}
