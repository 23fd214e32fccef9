/**
 * Where a manager keeps its table: one text, replaced whole and atomically. A process hands in the
 * store's `ConfigFile`, tests hand in a variable.
 */
export interface ConfigStorage {
  /**
   * The last text saved, or undefined when there is none yet. `check` throws on a text that is no table of this kind: the storage
   * then passes it over for an older one.
   */
  load(check: (text: string) => void): Promise<string | undefined>;
  /** Resolves when the text would survive a power cut. */
  save(text: string): Promise<void>;
}
