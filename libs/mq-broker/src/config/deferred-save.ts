import type { ConfigStorage } from './config-storage.js';

/**
 * Saves a table in the background, at most one write at a time: changes made during a write are covered by one more
 * write after it, however many they were. Creating a thousand topics costs a few writes, not a thousand.
 */
export class DeferredSave {
  private wantedVersion = 0;
  private savedVersion = 0;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly storage: ConfigStorage,
    private readonly encode: () => string,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Counts the changes. A change is stored when `storedVersion` has reached its number. */
  get version(): number {
    return this.wantedVersion;
  }

  get storedVersion(): number {
    return this.savedVersion;
  }

  /** Notes a change and starts a write when none is under way. Never throws. */
  request(): void {
    this.wantedVersion++;
    if (this.writing === undefined) this.start().catch(this.onError);
  }

  /** Resolves when every change made before the call is stored. Throws what the storage threw. */
  async settled(): Promise<void> {
    const version = this.wantedVersion;
    while (this.savedVersion < version) await this.start();
  }

  private start(): Promise<void> {
    this.writing ??= this.writeUntilCurrent();
    return this.writing;
  }

  private async writeUntilCurrent(): Promise<void> {
    try {
      // One turn later, so that changes of the same tick share a write.
      await Promise.resolve();
      while (this.savedVersion < this.wantedVersion) {
        const version = this.wantedVersion;
        await this.storage.save(this.encode());
        this.savedVersion = version;
      }
    } finally {
      this.writing = undefined;
    }
  }
}
