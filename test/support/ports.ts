export { freePort } from './services/free-port.js';
