export { InMemoryDriver, type InMemoryMessage } from './in-memory-driver.js';
export { ROCKETMQ_DRIVER } from '../driver.js';
