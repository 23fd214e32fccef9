/** For specs and `test/` only. */
export { FaultyDisk, type Faults } from '../store/testing/faulty-disk.js';
